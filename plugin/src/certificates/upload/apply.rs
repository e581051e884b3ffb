//! Creating the planned certificates, attaching their documents, and linking them to their customers, in that order:
//! a certificate without its document is not linked, and so exempts nobody.
//!
//! Creating may fail and store the certificate all the same, so after anything but a plain success the file name is
//! looked up, and what is found is adopted. Attaching and linking are checked the same way.

use std::collections::{HashMap, HashSet};

use super::{all_documents, bytes};
use crate::avatax::Failure;
use crate::avatax::calls::NewCertificate;
use crate::certificates::Doing;
use crate::http::Request;
use crate::json;
use crate::ledger::{Ledger, Progressed, Said};
use crate::model::documents::{DocumentError, PageRange};
use crate::model::journal::{Entry, Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::model::progress::Phase;
use crate::plan::{self, Item, sha256_hex};
use crate::ports::document_sentence;
use crate::sync::{is_as_confirmed, reread};

const CREATE: Operation = Operation::CreateCertificate;
const LINK: Operation = Operation::LinkCertificate;
const ATTACH: Operation = Operation::AttachDocument;
/// Documents held at once, in bytes.
const HELD_MAX: usize = 8 * 1024 * 1024;
/// Rounds of asking for the same certificate, attachment or link when nobody can say what happened.
const ROUNDS: u32 = 4;

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

struct Upload {
    entry: Entry,
    item: Item,
    id: Option<u64>,
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

    fn end(
        &self,
        ledger: &mut Ledger<'_>,
        operation: Operation,
        state: OutcomeState,
        detail: &str,
    ) -> Result<(), Error> {
        ledger.end(operation, &self.entry.key, &self.entry.customer, state, &self.said(detail))
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
    let (ports, name) = (doing.ports, doing.plan.clone());
    let mut done = 0;
    plan::walk(ports, &name, CREATE, 16, &mut |items| {
        let items = items.into_iter().filter(|(entry, _)| !ended(&doing.ledger, &entry.key));
        let uploads: Vec<Upload> = items.map(|(entry, item)| Upload { entry, item, id: None }).collect();
        done += uploads.len() as u64;
        let result = chunk(doing, uploads, &documents);
        doing.ledger.flush()?;
        result?;
        doing.stopped = ports.asked_to_stop(Phase::WritingCertificates, done.min(total), Some(total));
        Ok(!doing.stopped)
    })
}

fn chunk(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
    documents: &HashMap<String, String>,
) -> Result<(), Error> {
    // Any of them may be there already, whatever the ERP says by now: from a call that was cut off, or created and never
    // linked.
    let (here, missing) = look_up(doing, uploads)?;
    let here = link_cut_off(doing, here)?;
    let mut here = still_as_confirmed(doing, here, documents)?;
    let mut missing = still_as_confirmed(doing, missing, documents)?;
    let mut failures: HashMap<String, Failure> = HashMap::new();
    for round in 0..ROUNDS {
        if missing.is_empty() {
            break;
        }
        let mut doubtful = Vec::new();
        for (upload, answer) in create(doing, missing)? {
            match answer {
                Ok(id) => {
                    let upload = Upload { id: Some(id), ..upload };
                    upload.end(&mut doing.ledger, CREATE, OutcomeState::Done, "")?;
                    here.push(upload);
                }
                Err(failure) => {
                    failures.insert(upload.entry.key.clone(), failure);
                    doubtful.push(upload);
                }
            }
        }
        if !doubtful.is_empty() {
            doing.avatax.settle(round);
        }
        let (found, absent) = look_up(doing, doubtful)?;
        here.extend(found);
        missing = Vec::new();
        let mut fatal = None;
        for upload in absent {
            let Some(failure) = failures.get(&upload.entry.key) else { continue };
            match failure {
                failure if failure.fatal().is_some() => fatal = failure.fatal(),
                Failure::Unclear(_) if round + 1 < ROUNDS => missing.push(upload),
                Failure::Unclear(why) => upload.end(&mut doing.ledger, CREATE, OutcomeState::Unclear, why)?,
                other => upload.end(&mut doing.ledger, CREATE, OutcomeState::Refused, &other.sentence())?,
            }
        }
        if let Some(error) = fatal {
            complete(doing, here)?;
            return Err(error);
        }
    }
    complete(doing, here)
}

/// Attaches and links what AvaTax has.
fn complete(doing: &mut Doing<'_>, here: Vec<Upload>) -> Result<(), Error> {
    let attached = attach(doing, here)?;
    link(doing, attached)
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
        match upload.id {
            None => {
                let why = format!("{why}. Not written: preview again.");
                upload.end(&mut doing.ledger, CREATE, OutcomeState::Moved, &why)?;
            }
            Some(id) => {
                let why = format!("{why}. Certificate {id} exists but is not linked: preview again.");
                upload.end(&mut doing.ledger, LINK, OutcomeState::Moved, &why)?;
            }
        }
    }
    Ok(kept)
}

/// Splits uploads into those AvaTax has under their file name, adopted, and those it does not have.
fn look_up(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(Vec<Upload>, Vec<Upload>), Error> {
    let names: Vec<&str> = uploads.iter().map(|upload| upload.entry.key.as_str()).collect();
    let found = doing.avatax.certificates_named(&names).map_err(|failure| failure.error())?;
    let by_name: HashMap<String, u64> = found.into_iter().map(|it| (it.filename, it.id)).collect();
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for mut upload in uploads {
        upload.id = by_name.get(&upload.entry.key).copied();
        if upload.id.is_none() {
            missing.push(upload);
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
    let answers = doing.avatax.write_all(&requests, doing.avatax.window());
    let created = uploads.into_iter().zip(answers).map(|(upload, answer)| {
        let id = answer.and_then(|created| match created.get(0).map(|it| json::number(it, "id")) {
            Some(id) if id != 0 => Ok(id),
            _ => Err(Failure::Unclear("AvaTax did not name the certificate in its answer.".to_owned())),
        });
        (upload, id)
    });
    Ok(created.collect())
}

fn intend(
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

/// Attaches the documents of certificates; returns those whose document AvaTax has.
fn attach(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Upload>, Error> {
    let (mut attached, mut open): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| doing.ledger.ended(ATTACH, &it.entry.key));
    // A certificate that was found rather than created may have its document.
    let found = Progressed::Ended(OutcomeState::Adopted);
    let begun = |it: &Upload| {
        doing.ledger.progressed(ATTACH, &it.entry.key) == Progressed::CutOff
            || doing.ledger.progressed(CREATE, &it.entry.key) == found
    };
    let (doubtful, fresh): (Vec<_>, Vec<_>) = open.into_iter().partition(begun);
    let (there, absent) = have_document(doing, doubtful)?;
    attached.extend(there);
    open = fresh;
    open.extend(absent);
    while !open.is_empty() {
        let mut group = Vec::new();
        let mut requests = Vec::new();
        let mut held = 0;
        let mut last: Option<((String, u64), Vec<u8>)> = None;
        while let Some(upload) = open.pop() {
            let id = &upload.item.document_id;
            // Certificates of one document stand side by side; it is read once.
            let part = (id.clone(), upload.item.first_page);
            if last.as_ref().is_none_or(|(known, _)| *known != part) {
                match bytes(doing.ports, id, pages(&upload.item)) {
                    Ok(pdf) => last = Some((part, pdf)),
                    Err(error) => {
                        let passing = matches!(error, DocumentError::Unavailable(_));
                        let state = if passing { OutcomeState::Unclear } else { OutcomeState::Refused };
                        upload.end(&mut doing.ledger, ATTACH, state, &document_sentence(error))?;
                        continue;
                    }
                }
            }
            let Some((_, pdf)) = &last else { continue };
            if held > 0 && held + pdf.len() > HELD_MAX {
                open.push(upload);
                break;
            }
            let certificate = upload.id.unwrap_or_default();
            requests.push(doing.avatax.attach_document(
                certificate,
                &upload.entry.key,
                &upload.item.sha256,
                pdf,
            ));
            held += pdf.len();
            group.push(upload);
        }
        attached.extend(send_documents(doing, group, requests)?);
    }
    Ok(attached)
}

/// Pages of the document that are the certificate; none is all of them.
fn pages(item: &Item) -> Option<PageRange> {
    let (first, count) = (u32::try_from(item.first_page).ok()?, u32::try_from(item.page_count).ok()?);
    (count > 0).then_some(PageRange { first, count })
}

/// Sends documents; returns the certificates that have theirs, the others get an outcome.
fn send_documents(
    doing: &mut Doing<'_>,
    mut group: Vec<Upload>,
    mut requests: Vec<Request>,
) -> Result<Vec<Upload>, Error> {
    let mut attached = Vec::new();
    intend(doing, ATTACH, "POST certificates/attachment", &group, &requests)?;
    for round in 1..=ROUNDS {
        let answers = doing.avatax.write_all(&requests, doing.avatax.window());
        let mut doubtful = Vec::new();
        let mut fatal = None;
        for ((upload, request), answer) in group.into_iter().zip(requests).zip(answers) {
            let Err(failure) = answer else {
                upload.end(&mut doing.ledger, ATTACH, OutcomeState::Done, "")?;
                attached.push(upload);
                continue;
            };
            match failure.fatal() {
                Some(error) => fatal = Some(error),
                None => doubtful.push((upload, request, failure)),
            }
        }
        if let Some(error) = fatal {
            return Err(error);
        }
        if doubtful.is_empty() {
            break;
        }
        doing.avatax.settle(round);
        let ids: Vec<u64> = doubtful.iter().filter_map(|(upload, ..)| upload.id).collect();
        let known = doing.avatax.have_document(&ids).map_err(|failure| failure.error())?;
        (group, requests) = (Vec::new(), Vec::new());
        for (upload, request, failure) in doubtful {
            let unclear = matches!(failure, Failure::Unclear(_));
            if upload.id.is_some_and(|id| known.contains(&id)) {
                upload.end(&mut doing.ledger, ATTACH, OutcomeState::Adopted, "")?;
                attached.push(upload);
            } else if unclear && round < ROUNDS {
                group.push(upload);
                requests.push(request);
            } else {
                let state = if unclear { OutcomeState::Unclear } else { OutcomeState::Refused };
                upload.end(&mut doing.ledger, ATTACH, state, &failure.sentence())?;
            }
        }
    }
    Ok(attached)
}

/// Splits certificates into those that have a document, adopted, and those that have none.
fn have_document(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(Vec<Upload>, Vec<Upload>), Error> {
    let ids: Vec<u64> = uploads.iter().filter_map(|it| it.id).collect();
    let known: HashSet<u64> = doing.avatax.have_document(&ids).map_err(|failure| failure.error())?;
    let (there, absent): (Vec<_>, Vec<_>) =
        uploads.into_iter().partition(|it| it.id.is_some_and(|id| known.contains(&id)));
    for upload in &there {
        upload.end(&mut doing.ledger, ATTACH, OutcomeState::Adopted, "")?;
    }
    Ok((there, absent))
}

/// Links certificates to their customers.
fn link(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(), Error> {
    let mut open: Vec<Upload> =
        uploads.into_iter().filter(|it| !doing.ledger.ended(LINK, &it.entry.key)).collect();
    for round in 1..=ROUNDS {
        if open.is_empty() {
            break;
        }
        let requests: Vec<Request> = open
            .iter()
            .map(|it| doing.avatax.link_certificate(&it.entry.customer, it.id.unwrap_or_default()))
            .collect();
        intend(doing, LINK, "POST certificates/link", &open, &requests)?;
        let answers = doing.avatax.write_all(&requests, doing.avatax.window());
        let mut doubtful = Vec::new();
        let mut fatal = None;
        for (upload, answer) in open.into_iter().zip(answers) {
            match answer {
                Ok(_) => upload.end(&mut doing.ledger, LINK, OutcomeState::Done, "")?,
                Err(failure) => match failure.fatal() {
                    Some(error) => fatal = Some(error),
                    None => doubtful.push((upload, failure)),
                },
            }
        }
        if let Some(error) = fatal {
            return Err(error);
        }
        open = Vec::new();
        if !doubtful.is_empty() {
            doing.avatax.settle(round);
        }
        for (upload, failure) in doubtful {
            let unclear = matches!(failure, Failure::Unclear(_));
            match is_linked(doing, &upload) {
                Ok(true) => upload.end(&mut doing.ledger, LINK, OutcomeState::Adopted, "")?,
                Ok(false) if unclear && round < ROUNDS => open.push(upload),
                Ok(false) if !unclear => {
                    upload.end(&mut doing.ledger, LINK, OutcomeState::Refused, &failure.sentence())?;
                }
                // Without a look nothing is repeated and nothing is final.
                Ok(false) | Err(_) => {
                    upload.end(&mut doing.ledger, LINK, OutcomeState::Unclear, &failure.sentence())?;
                }
            }
        }
    }
    Ok(())
}

/// Settles links that an earlier call began and that AvaTax has; returns the others.
fn link_cut_off(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Upload>, Error> {
    let mut open = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let begun = doing.ledger.progressed(LINK, &upload.entry.key) == Progressed::CutOff;
        if begun && is_linked(doing, &upload)? {
            upload.end(&mut doing.ledger, LINK, OutcomeState::Adopted, "")?;
        } else {
            open.push(upload);
        }
    }
    Ok(open)
}

fn is_linked(doing: &Doing<'_>, upload: &Upload) -> Result<bool, Error> {
    match doing.avatax.certificates_of(&upload.entry.customer) {
        Ok(linked) => Ok(linked.iter().any(|it| Some(it.id) == upload.id)),
        Err(Failure::NotFound) => Ok(false),
        Err(failure) => Err(failure.error()),
    }
}
