//! Which documents become certificates of which customers, and what becomes of the others.

use std::collections::HashMap;

use super::{UPLOAD_MAX, all_documents, file_name};
use crate::certificates::forms::{self, Certificate};
use crate::certificates::matching::{self, Candidate, Match};
use crate::certificates::{Planning, place, sample};
use crate::geography;
use crate::model::documents::Document;
use crate::model::journal::Operation;
use crate::model::ocr::OcrError;
use crate::model::onboarding::{Decision, Error};
use crate::model::progress::Phase;
use crate::plan::{Item, decision_name};

/// Plans the uploads.
pub(crate) fn plan(planning: &mut Planning<'_>) -> Result<(), Error> {
    let documents = all_documents(planning.ports)?;
    let read = read(planning, documents)?;
    let wanted: Vec<_> = read.iter().map(|(document, it)| (it, document.customer.as_deref())).collect();
    let matches = if wanted.is_empty() { Vec::new() } else { matching::find(planning.ports, &wanted)? };

    let codes: Vec<&str> = matches
        .iter()
        .filter_map(|it| match it {
            Match::Sure(candidate) => Some(candidate.code.as_str()),
            Match::Unsure(_) => None,
        })
        .collect();
    let known = planning.avatax.customers(&codes).map_err(|failure| failure.error())?;
    let on_file = on_file(planning, &read)?;
    for ((document, certificate), found) in read.iter().zip(&matches) {
        match found {
            Match::Unsure(why) => planning.leave(document, Decision::Review, &certificate.purchaser, why)?,
            Match::Sure(candidate) if !known.contains_key(&candidate.code) => {
                let why = format!("customer {} is not in AvaTax yet: run sync first", candidate.code);
                planning.leave(document, Decision::NotSynced, &certificate.purchaser, &why)?;
            }
            Match::Sure(candidate) => planning.certificates(document, certificate, candidate, &on_file)?,
        }
    }
    Ok(())
}

/// Reads the documents; what cannot be used is planned as left, the rest is returned.
fn read(
    planning: &mut Planning<'_>,
    documents: Vec<Document>,
) -> Result<Vec<(Document, Certificate)>, Error> {
    let total = documents.len() as u64;
    let mut hashes = HashMap::new();
    let mut certificates = Vec::new();
    for (done, document) in documents.into_iter().enumerate() {
        if planning.ports.asked_to_stop(Phase::ReadingDocuments, done as u64, Some(total)) {
            return Err(Error::Stopped);
        }
        if let Some((first, customer)) = hashes.get(&document.sha256) {
            let why = format!("the same document as {first}");
            if *customer == document.customer {
                planning.leave(&document, Decision::OnFile, "", &why)?;
            } else {
                let why = format!("{why}, which belongs to another customer");
                planning.leave(&document, Decision::Review, "", &why)?;
            }
            continue;
        }
        hashes.insert(document.sha256.clone(), (document.name.clone(), document.customer.clone()));
        if document.size > UPLOAD_MAX {
            let why =
                format!("it has more than {} MiB: scan it at a lower resolution", UPLOAD_MAX / 1024 / 1024);
            planning.leave(&document, Decision::Review, "", &why)?;
            continue;
        }
        match planning.ports.ocr.read(&document.id) {
            Ok(reading) => match forms::read(&reading, &planning.ports.settings.today) {
                Some(certificate) if certificate.remarks.is_empty() => {
                    certificates.push((document, certificate))
                }
                Some(certificate) => {
                    let why = certificate.remarks.join("; ");
                    planning.leave(&document, Decision::Review, &certificate.purchaser, &why)?;
                }
                None => {
                    planning.leave(&document, Decision::Review, "", "the form is not one of those known")?
                }
            },
            Err(OcrError::NeedsReader(why)) => planning.leave(&document, Decision::NeedsReader, "", &why)?,
            Err(OcrError::Unreadable(why) | OcrError::TooLarge(why)) => {
                planning.leave(&document, Decision::Unreadable, "", &why)?;
            }
            Err(OcrError::NotFound) => {
                planning.leave(&document, Decision::Unreadable, "", "it is no longer there")?
            }
        }
    }
    Ok(certificates)
}

/// File names of certificates that AvaTax has already, with the codes of the customers they are linked to.
fn on_file(
    planning: &Planning<'_>,
    read: &[(Document, Certificate)],
) -> Result<HashMap<String, Vec<String>>, Error> {
    let names: Vec<String> = read
        .iter()
        .flat_map(|(document, it)| {
            it.coverage.iter().map(|(region, _)| file_name(&document.sha256, "US", region))
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = planning.avatax.certificates_named(&names).map_err(|failure| failure.error())?;
    let ids: Vec<u64> = found.iter().map(|certificate| certificate.id).collect();
    let linked = planning.avatax.customers_of(&ids).map_err(|failure| failure.error())?;
    Ok(found.into_iter().zip(linked).map(|(it, codes)| (it.filename, codes)).collect())
}

impl Planning<'_> {
    /// Plans nothing for a document, and says why.
    fn leave(
        &mut self,
        document: &Document,
        decision: Decision,
        purchaser: &str,
        why: &str,
    ) -> Result<(), Error> {
        self.decisions.add(decision, || sample(&document.id, &document.name, purchaser, why));
        let item = Item { name: purchaser.to_owned(), detail: why.to_owned(), ..about(document, decision) };
        self.writer.add(Operation::CreateCertificate, &document.id, "", &item)
    }

    /// Plans the certificates of a document, one for each state.
    fn certificates(
        &mut self,
        document: &Document,
        certificate: &Certificate,
        candidate: &Candidate,
        on_file: &HashMap<String, Vec<String>>,
    ) -> Result<(), Error> {
        for (region, number) in &certificate.coverage {
            let name = file_name(&document.sha256, "US", region);
            let mut item = Item {
                id: candidate.id.clone(),
                name: candidate.name.clone(),
                row: candidate.row.clone(),
                country: "US".to_owned(),
                region: region.clone(),
                number: number.clone(),
                signed: certificate.signed.clone(),
                ..about(document, Decision::Upload)
            };
            if on_file.get(&name).is_some_and(|codes| codes.contains(&candidate.code)) {
                self.decisions
                    .add(Decision::OnFile, || sample(&document.id, &document.name, &candidate.name, region));
                continue;
            }
            let zone = self.catalog.zone("US", region).map(|zone| zone.id);
            let reason = certificate.use_code.and_then(|code| self.catalog.reason(code)).cloned();
            let (Some(zone), Some(reason)) = (zone, reason) else {
                let state = geography::region_name("US", region).unwrap_or(region);
                let why =
                    format!("AvaTax offers no exposure zone for {state}, or not the reason that is marked");
                item.detail.clone_from(&why);
                decision_name(Decision::Review).clone_into(&mut item.decision);
                self.decisions
                    .add(Decision::Review, || sample(&document.id, &document.name, &candidate.name, &why));
                self.writer.add(Operation::CreateCertificate, &name, &candidate.code, &item)?;
                continue;
            };
            self.to_be_covered.insert(place(&candidate.code, "US", region));
            item.zones = vec![zone];
            item.reasons = vec![reason.id];
            item.reason = reason.name;
            self.decisions
                .add(Decision::Upload, || sample(&document.id, &document.name, &candidate.name, region));
            self.writer.add(Operation::CreateCertificate, &name, &candidate.code, &item)?;
        }
        Ok(())
    }
}

fn about(document: &Document, decision: Decision) -> Item {
    Item {
        decision: decision_name(decision).to_owned(),
        document: document.name.clone(),
        document_id: document.id.clone(),
        sha256: document.sha256.clone(),
        ..Item::default()
    }
}
