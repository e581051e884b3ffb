//! Creating the planned certificates and linking them.
//!
//! Creating may fail and store the certificate all the same, so after anything but a plain success the file name is
//! looked up, and what is found is adopted. Linking is checked by listing. A chunk holds few certificates, because each
//! carries its document.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{all_documents, bytes};
use crate::avatax::Failure;
use crate::avatax::calls::NewCertificate;
use crate::certificates::Doing;
use crate::customer;
use crate::http::Request;
use crate::json;
use crate::ledger::{Ledger, Progressed, Said};
use crate::model::journal::{Entry, Operation, OutcomeState};
use crate::model::onboarding::Error;
use crate::model::progress::Phase;
use crate::plan::{self, Item, sha256_hex};
use crate::sync::reread;

const CREATE: Operation = Operation::CreateCertificate;
const LINK: Operation = Operation::LinkCertificate;
/// Base64 held at once, in bytes.
const HELD_MAX: usize = 6 * 1024 * 1024;
/// Rounds of asking for the same certificate or link when nobody can say what happened.
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
    ledger.ended(LINK, key) || given_up(ledger.progressed(CREATE, key))
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
    let uploads = still_as_confirmed(doing, uploads, documents)?;
    // Any of them may be there already: from a call that was cut off, or created and never linked.
    let (mut here, mut missing) = look_up(doing, uploads)?;
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
        let (found, absent) = look_up(doing, doubtful)?;
        here.extend(found);
        missing = Vec::new();
        for upload in absent {
            let Some(failure) = failures.get(&upload.entry.key) else { continue };
            if let Some(error) = failure.fatal() {
                link(doing, here)?;
                return Err(error);
            }
            match failure {
                Failure::Unclear(_) if round + 1 < ROUNDS => missing.push(upload),
                Failure::Unclear(why) => upload.end(&mut doing.ledger, CREATE, OutcomeState::Unclear, why)?,
                other => upload.end(&mut doing.ledger, CREATE, OutcomeState::Refused, &other.sentence())?,
            }
        }
    }
    link(doing, here)
}

/// Drops, with an outcome, what changed in the ERP or the folder since the preview.
fn still_as_confirmed(
    doing: &mut Doing<'_>,
    uploads: Vec<Upload>,
    documents: &HashMap<String, String>,
) -> Result<Vec<Upload>, Error> {
    let ids: Vec<String> = uploads.iter().map(|upload| upload.item.id.clone()).collect();
    let now = reread(doing.ports, &ids)?;
    let settings = &doing.ports.settings;
    let mut kept = Vec::with_capacity(uploads.len());
    for upload in uploads {
        let row = now
            .get(&upload.item.id)
            .map(|it| customer::project(it, settings).fingerprint(it, &settings.today));
        let why = if row.as_ref() != Some(&upload.item.row) {
            "The customer changed in the ERP since the preview. Not written: preview again to include it."
        } else if documents.get(&upload.item.document_id) != Some(&upload.item.sha256) {
            "The document changed or went away since the preview. Not written: preview again."
        } else {
            kept.push(upload);
            continue;
        };
        upload.end(&mut doing.ledger, CREATE, OutcomeState::Moved, why)?;
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

type Created = (Upload, Result<u64, Failure>);

/// Creates certificates, as many at once as their documents may take memory.
fn create(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<Vec<Created>, Error> {
    let mut answers = Vec::with_capacity(uploads.len());
    let mut group: Vec<(Upload, Request)> = Vec::new();
    let mut held = 0;
    let mut last: Option<(String, String)> = None;
    for upload in uploads {
        // Certificates of one document stand side by side; it is read once.
        let pdf = match &last {
            Some((id, pdf)) if *id == upload.item.document_id => pdf.clone(),
            _ => match bytes(doing.ports, &upload.item.document_id) {
                Ok(bytes) => STANDARD.encode(bytes),
                Err(error) => {
                    let Error::DocumentsFailed(why) = crate::ports::documents_error(error) else { continue };
                    upload.end(&mut doing.ledger, CREATE, OutcomeState::Refused, &why)?;
                    continue;
                }
            },
        };
        last = Some((upload.item.document_id.clone(), pdf.clone()));
        held += pdf.len();
        let certificate = NewCertificate {
            signed: upload.item.signed.clone(),
            expires: upload.item.expires.clone(),
            filename: upload.entry.key.clone(),
            pdf,
            number: upload.item.number.clone(),
            reason: upload.item.reasons.first().copied().unwrap_or_default(),
            zone: upload.item.zones.first().copied().unwrap_or_default(),
        };
        let request = doing.avatax.create_certificate(&certificate);
        group.push((upload, request));
        if held > HELD_MAX {
            send(doing, core::mem::take(&mut group), &mut answers)?;
            held = 0;
        }
    }
    send(doing, group, &mut answers)?;
    Ok(answers)
}

fn send(
    doing: &mut Doing<'_>,
    group: Vec<(Upload, Request)>,
    answers: &mut Vec<Created>,
) -> Result<(), Error> {
    let (uploads, requests): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let intents = uploads.iter().zip(&requests).map(|(upload, request)| {
        (upload.entry.key.as_str(), upload.entry.customer.as_str(), sha256_hex(&request.body))
    });
    doing.ledger.intend(CREATE, "POST certificates", intents.collect::<Vec<_>>())?;
    let created = doing.avatax.write_all(&requests, doing.avatax.window());
    answers.extend(uploads.into_iter().zip(created).map(|(upload, answer)| {
        let id = answer.and_then(|created| match created.get(0).map(|it| json::number(it, "id")) {
            Some(id) if id != 0 => Ok(id),
            _ => Err(Failure::Unclear("AvaTax did not name the certificate in its answer.".to_owned())),
        });
        (upload, id)
    }));
    Ok(())
}

/// Links certificates to their customers.
fn link(doing: &mut Doing<'_>, uploads: Vec<Upload>) -> Result<(), Error> {
    let mut open: Vec<Upload> =
        uploads.into_iter().filter(|it| !doing.ledger.ended(LINK, &it.entry.key)).collect();
    for round in 0..ROUNDS {
        let requests: Vec<Request> = open
            .iter()
            .map(|it| doing.avatax.link_certificate(&it.entry.customer, it.id.unwrap_or_default()))
            .collect();
        let intents = open.iter().zip(&requests).map(|(it, request)| {
            (it.entry.key.as_str(), it.entry.customer.as_str(), sha256_hex(&request.body))
        });
        doing.ledger.intend(LINK, "POST certificates/link", intents.collect::<Vec<_>>())?;
        let answers = doing.avatax.write_all(&requests, doing.avatax.window());
        let mut again = Vec::new();
        for (upload, answer) in open.into_iter().zip(answers) {
            let failure = match answer {
                Ok(_) => {
                    upload.end(&mut doing.ledger, LINK, OutcomeState::Done, "")?;
                    continue;
                }
                Err(failure) => failure,
            };
            if let Some(error) = failure.fatal() {
                return Err(error);
            }
            let linked = doing.avatax.certificates_of(&upload.entry.customer);
            if linked.is_ok_and(|linked| linked.iter().any(|it| Some(it.id) == upload.id)) {
                upload.end(&mut doing.ledger, LINK, OutcomeState::Adopted, "")?;
            } else if matches!(failure, Failure::Unclear(_)) && round + 1 < ROUNDS {
                again.push(upload);
            } else {
                let unclear = matches!(failure, Failure::Unclear(_));
                let state = if unclear { OutcomeState::Unclear } else { OutcomeState::Refused };
                upload.end(&mut doing.ledger, LINK, state, &failure.sentence())?;
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        open = again;
    }
    Ok(())
}
