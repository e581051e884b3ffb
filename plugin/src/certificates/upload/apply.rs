//! Creating the planned certificates, attaching their documents, and linking them to their customers, in that order:
//! a certificate without its document is not linked, and so exempts nobody. The second and third are in
//! [`super::complete`].
//!
//! One pass attempts each of the three once, and stops at the first that did not plainly succeed; the next pass begins by
//! looking what is there ([`crate::recovery`]). Creating may fail and store the certificate all the same, and AvaTax takes
//! a file name twice, so the name is looked up before the first attempt too.

use std::collections::HashMap;

use super::all_documents;
use super::complete::{
    adopt_link, attach, attachments_in_doubt, have_document, is_linked, link, links_in_doubt,
};
use crate::avatax::Failure;
use crate::avatax::answer::gravest;
use crate::avatax::calls::{NewCertificate, RemoteCertificate};
use crate::certificates::Doing;
use crate::http::Request;
use crate::json;
use crate::ledger::{Ledger, Progressed, Said};
use crate::model::journal::{Entry, Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::model::progress::Phase;
use crate::plan::{self, Item, sha256_hex};
use crate::recovery::{self, passes};
use crate::sync::{is_as_confirmed, reread};

pub(super) const CREATE: Operation = Operation::CreateCertificate;
pub(super) const LINK: Operation = Operation::LinkCertificate;
pub(super) const ATTACH: Operation = Operation::AttachDocument;

/// Uploads of the plan that have not ended.
pub(crate) fn open(doing: &Doing<'_>) -> Result<u64, Error> {
    let mut open = 0;
    plan::walk(doing.ports, &doing.plan, CREATE, 1000, &mut |items| {
        open += items.iter().filter(|(entry, _)| !ended(&doing.ledger, &entry.key)).count() as u64;
        Ok(true)
    })?;
    Ok(open)
}

/// A certificate has ended when it is linked, or was given up before.
fn ended(ledger: &Ledger<'_>, key: &str) -> bool {
    let given_up = |it| matches!(it, Progressed::Ended(OutcomeState::Moved | OutcomeState::Refused));
    ledger.ended(LINK, key) || [CREATE, ATTACH].iter().any(|it| given_up(ledger.progressed(*it, key)))
}

/// A certificate of the plan, and its id once it is known.
pub(super) struct Upload {
    pub(super) entry: Entry,
    pub(super) item: Item,
    pub(super) id: Option<u64>,
}

impl Upload {
    fn said(&self, detail: &str) -> Said {
        Said {
            id: self.item.id.clone(),
            name: self.item.name.clone(),
            detail: detail.to_owned(),
            avatax_id: self.id,
            document: self.item.document.clone(),
            country: self.item.country.clone(),
            region: self.item.region.clone(),
            ..Said::default()
        }
    }

    pub(super) fn end(
        &self,
        ledger: &mut Ledger<'_>,
        operation: Operation,
        state: OutcomeState,
        detail: &str,
    ) -> Result<(), Error> {
        ledger.end(operation, &self.entry.key, &self.entry.customer, state, &self.said(detail))
    }

    pub(super) fn doubts(
        &self,
        ledger: &mut Ledger<'_>,
        operation: Operation,
        why: Failure,
    ) -> Result<(), Error> {
        ledger.doubts(operation, &self.entry.key, &self.entry.customer, why, &self.said(""))
    }

    /// Whether AvaTax's certificate is the one that was confirmed. What AvaTax leaves out contradicts nothing.
    fn is(&self, remote: &RemoteCertificate) -> bool {
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let same = |ours: &str, theirs: &str| {
            ours.is_empty() || theirs.is_empty() || plain(ours).eq_ignore_ascii_case(&plain(theirs))
        };
        let day = |text: &str| text.chars().take(10).collect::<String>();
        (remote.zone == 0 || self.item.zones.first().is_none_or(|zone| *zone == remote.zone))
            && same(&self.item.signed, &day(&remote.signed))
            && same(&self.item.expires, &day(&remote.expires))
            && same(&self.item.number, &remote.number)
    }
}

/// Does the uploads of the plan.
pub(crate) fn apply(doing: &mut Doing<'_>) -> Result<(), Error> {
    let total = open(doing)?;
    if total == 0 {
        return Ok(());
    }
    let documents: HashMap<String, String> =
        all_documents(doing.ports)?.into_iter().map(|document| (document.id, document.sha256)).collect();
    right_folder(doing, &documents)?;
    passes(
        doing,
        |doing| &mut doing.ledger,
        |doing, _| {
            let (ports, name) = (doing.ports, doing.plan.clone());
            let done = total.saturating_sub(open(doing)?);
            let mut seen = 0;
            plan::walk(ports, &name, CREATE, 16, &mut |items| {
                let items = items.into_iter().filter(|(entry, _)| !ended(&doing.ledger, &entry.key));
                let uploads: Vec<Upload> =
                    items.map(|(entry, item)| Upload { entry, item, id: None }).collect();
                seen += uploads.len() as u64;
                let result = chunk(doing, uploads, &documents);
                doing.ledger.flush()?;
                result?;
                let done = (done + seen).min(total);
                doing.stopped = ports.asked_to_stop(Phase::WritingCertificates, done, Some(total));
                Ok(!doing.stopped)
            })?;
            Ok(!doing.stopped)
        },
    )
}

/// Refuses to go on when not one of the plan's open documents is there: then it is the wrong folder, and giving up all of
/// them would be final.
fn right_folder(doing: &Doing<'_>, documents: &HashMap<String, String>) -> Result<(), Error> {
    let mut any = false;
    plan::walk(doing.ports, &doing.plan, CREATE, 1000, &mut |items| {
        let mut open = items.iter().filter(|(entry, _)| !ended(&doing.ledger, &entry.key));
        any = open.any(|(_, item)| documents.get(&item.document_id) == Some(&item.sha256));
        Ok(!any)
    })?;
    if any {
        return Ok(());
    }
    Err(Error::DocumentsFailed(
        "None of the documents that are still to be uploaded is in the folder. Name the folder of the preview, or preview \
         again."
            .to_owned(),
    ))
}

/// Settles what the plan left in doubt, and gives up what is not there.
pub(crate) fn settle(doing: &mut Doing<'_>) -> Result<(), Error> {
    let (ports, name) = (doing.ports, doing.plan.clone());
    plan::walk(ports, &name, CREATE, 100, &mut |items| {
        let in_doubt = |ledger: &Ledger<'_>, operation, upload: &Upload| {
            ledger.progressed(operation, &upload.entry.key).in_doubt()
        };
        let uploads = items.into_iter().map(|(entry, item)| Upload { entry, item, id: None });
        let doubtful =
            uploads.filter(|it| [CREATE, ATTACH, LINK].iter().any(|of| in_doubt(&doing.ledger, *of, it)));
        let doubtful: Vec<Upload> = doubtful.collect();
        let since = doing.ledger.doubted();
        let mut here = Vec::new();
        let mut absent = recovery::absent(ports, since, doubtful, &mut |uploads| {
            let (found, absent) = look_up(doing, uploads)?;
            here.extend(found);
            Ok(absent)
        })?;
        let (attaching, mut linking): (Vec<_>, Vec<_>) =
            here.into_iter().partition(|it| in_doubt(&doing.ledger, ATTACH, it));
        absent.extend(recovery::absent(ports, since, attaching, &mut |uploads| {
            let (there, absent) = have_document(doing, uploads)?;
            linking.extend(there);
            Ok(absent)
        })?);
        absent.extend(links_in_doubt(doing, linking)?);
        for upload in absent {
            for operation in [CREATE, ATTACH, LINK] {
                if in_doubt(&doing.ledger, operation, &upload) {
                    upload.end(&mut doing.ledger, operation, OutcomeState::Moved, recovery::SUPERSEDED)?;
                }
            }
        }
        doing.ledger.flush()?;
        Ok(true)
    })
}

fn chunk(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
    documents: &HashMap<String, String>,
) -> Result<(), Error> {
    // Any of them may be there already, whatever the ERP says by now: from a call that was cut off, or created and never
    // linked.
    let (mut here, mut missing) = look_up(doing, uploads)?;
    // What AvaTax said it created is there, whether it shows already or not.
    let (doubtful, fresh): (Vec<_>, Vec<_>) = missing.into_iter().partition(|it| {
        let created = doing.ledger.progressed(CREATE, &it.entry.key);
        created.in_doubt() || doing.ledger.succeeded(CREATE, &it.entry.key)
    });
    missing = fresh;
    let since = doing.ledger.doubted();
    let absent = recovery::absent(doing.ports, since, doubtful, &mut |uploads| {
        let (found, absent) = look_up(doing, uploads)?;
        here.extend(found);
        Ok(absent)
    })?;
    for upload in absent {
        if doing.ledger.succeeded(CREATE, &upload.entry.key) {
            let why = "The certificate was created and is no longer in AvaTax. Not linked: preview again.";
            give_up(doing, &upload, why)?;
            continue;
        }
        // AvaTax has refused certificates and stored them all the same; by now it is clear that this one is not.
        match doing.ledger.doubt(CREATE, &upload.entry.key) {
            Some(failure) if failure.is_refusal() => {
                let why = failure.sentence();
                upload.end(&mut doing.ledger, CREATE, OutcomeState::Refused, &why)?;
            }
            _ => missing.push(upload),
        }
    }
    let here = links_in_doubt(doing, here)?;
    let here = attachments_in_doubt(doing, here)?;
    let mut here = still_as_confirmed(doing, here, documents)?;
    let missing = still_as_confirmed(doing, missing, documents)?;
    let mut fatal = None;
    for (upload, answer) in create(doing, missing)? {
        match answer {
            Ok(id) => {
                let upload = Upload { id: Some(id), ..upload };
                upload.end(&mut doing.ledger, CREATE, OutcomeState::Done, "")?;
                here.push(upload);
            }
            Err(failure) => match failure.fatal() {
                Some(error) => fatal = Some(gravest(fatal, error)),
                None => upload.doubts(&mut doing.ledger, CREATE, failure)?,
            },
        }
    }
    match fatal {
        Some(error) => Err(error),
        None => {
            let attached = attach(doing, here)?;
            link(doing, attached)
        }
    }
}

/// Drops, with an outcome, what changed in the ERP or the folder since the preview.
fn still_as_confirmed(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
    documents: &HashMap<String, String>,
) -> Result<Vec<Upload>, Error> {
    let ids: Vec<String> = uploads.iter().map(|upload| upload.item.id.clone()).collect();
    let now = reread(doing.ports, &ids)?;
    let mut kept = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let why = if !is_as_confirmed(doing.ports, &now, &upload.item) {
            "The customer changed in the ERP since the preview"
        } else if documents.get(&upload.item.document_id) != Some(&upload.item.sha256) {
            "The document changed or went away since the preview"
        } else {
            kept.push(upload);
            continue;
        };
        let why = match upload.id {
            None => format!("{why}. Not written: preview again."),
            Some(id) => format!("{why}. Certificate {id} exists but is not linked: preview again."),
        };
        give_up(doing, &upload, &why)?;
    }
    Ok(kept)
}

/// Ends whatever of an upload has not ended. What was created stays created, and what is linked is linked.
fn give_up(doing: &mut Doing<'_>, upload: &Upload, why: &str) -> Result<(), Error> {
    let in_doubt =
        |doing: &Doing<'_>, operation| doing.ledger.progressed(operation, &upload.entry.key).in_doubt();
    if in_doubt(doing, LINK) && is_linked(doing, upload)? {
        if !doing.ledger.ended(CREATE, &upload.entry.key) {
            upload.end(&mut doing.ledger, CREATE, OutcomeState::Adopted, "")?;
        }
        return adopt_link(doing, upload);
    }
    for operation in [CREATE, ATTACH, LINK] {
        if in_doubt(doing, operation) {
            upload.end(&mut doing.ledger, operation, OutcomeState::Moved, why)?;
        }
    }
    if ended(&doing.ledger, &upload.entry.key) {
        return Ok(());
    }
    let operation = if doing.ledger.ended(CREATE, &upload.entry.key) { LINK } else { CREATE };
    upload.end(&mut doing.ledger, operation, OutcomeState::Moved, why)
}

/// Splits uploads into those AvaTax has under their file name, adopted, and those it does not have.
fn look_up(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(Vec<Upload>, Vec<Upload>), Error> {
    let names: Vec<&str> = uploads.iter().map(|upload| upload.entry.key.as_str()).collect();
    let found = doing.avatax.certificates_named(&names).map_err(|failure| failure.error())?;
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for mut upload in uploads {
        let named = || found.iter().filter(|it| it.filename == upload.entry.key);
        let Some(remote) = named().find(|it| upload.is(it)).or_else(|| named().next()) else {
            missing.push(upload);
            continue;
        };
        let ours = upload.is(remote);
        upload.id = Some(remote.id);
        if !ours {
            let why = format!(
                "AvaTax has certificate {} under this file name with another zone, date or number. Not linked: look at \
                 it in AvaTax.",
                remote.id
            );
            give_up(doing, &upload, &why)?;
            continue;
        }
        if !doing.ledger.ended(CREATE, &upload.entry.key) {
            upload.end(&mut doing.ledger, CREATE, OutcomeState::Adopted, "")?;
        }
        here.push(upload);
    }
    Ok((here, missing))
}

/// A certificate and its id, or why it has none.
type Created = (Upload, Result<u64, Failure>);

/// Creates certificates.
fn create(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Created>, Error> {
    let request = |upload: &Upload| {
        doing.avatax.create_certificate(&NewCertificate {
            signed: upload.item.signed.clone(),
            expires: upload.item.expires.clone(),
            filename: upload.entry.key.clone(),
            number: upload.item.number.clone(),
            reason: upload.item.reasons.first().copied().unwrap_or_default(),
            zone: upload.item.zones.first().copied().unwrap_or_default(),
        })
    };
    let requests: Vec<Request> = uploads.iter().map(request).collect();
    intend(doing, CREATE, "POST certificates", &uploads, &requests)?;
    let answers = doing.avatax.write_all(&requests);
    let created = uploads.into_iter().zip(answers).map(|(upload, answer)| {
        let id = answer.and_then(|created| match created.get(0).map(|it| json::number(it, "id")) {
            Some(id) if id != 0 => Ok(id),
            _ => Err(Failure::Unclear("AvaTax did not name the certificate in its answer.".to_owned())),
        });
        (upload, id)
    });
    Ok(created.collect())
}

/// Announces writes.
pub(super) fn intend(
    doing: &mut Doing<'_>,
    operation: Operation,
    what: &str,
    uploads: &[Upload],
    requests: &[Request],
) -> Result<(), Error> {
    let intents = uploads
        .iter()
        .zip(requests)
        .map(|(it, request)| (it.entry.key.as_str(), it.entry.customer.as_str(), sha256_hex(&request.body)));
    doing.ledger.intend(operation, what, intents.collect::<Vec<_>>())
}
