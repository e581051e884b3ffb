//! Which documents become certificates of which customers, and what becomes of the others.
//!
//! Documents are taken in groups: all of a group are read, then one pass over the ERP finds their customers, so memory
//! does not grow with the folder. Only a certificate that passes every check and has one customer beyond doubt is
//! planned for upload, each of its states by itself; the rest goes before a person with all that was read.

use std::collections::{HashMap, HashSet};

use super::{UPLOAD_MAX, all_documents, file_name};
use crate::certificates::matching::{Candidate, Finder, Match, Wanted};
use crate::certificates::review::{self, Word};
use crate::certificates::rules::{Field, Severity};
use crate::certificates::understand::judge::{Context, Finding, verdict};
use crate::certificates::understand::record::Certificate;
use crate::certificates::{Planning, place, report, sample, understand};
use crate::geography;
use crate::json::Value;
use crate::model::documents::Document;
use crate::model::erp::{FieldGroups, Row};
use crate::model::journal::Operation;
use crate::model::ocr::OcrError;
use crate::model::onboarding::{Decision, Error};
use crate::model::progress::Phase;
use crate::plan::{Item, decision_name};

/// Certificates whose customers are looked for in one pass over the ERP.
const GROUP: usize = 1_000;

/// A certificate of a document, and what a person said about it.
struct Read {
    document: Document,
    certificate: Certificate,
    word: Option<Word>,
    /// Whether it is the only certificate of its document.
    whole: bool,
}

/// What the documents planned so far hold, to know repetitions.
#[derive(Default)]
struct Before {
    /// Document of each hash of bytes, and of each hash of words.
    documents: HashMap<String, (String, Option<String>)>,
    /// Customer, state and reason that have a certificate, by hash.
    places: HashSet<u64>,
}

/// Plans the uploads.
pub(crate) fn plan(planning: &mut Planning<'_>) -> Result<(), Error> {
    let documents = all_documents(planning.ports)?;
    let total = documents.len() as u64;
    let mut words = review::words(planning.ports)?;
    let mut before = Before::default();
    let mut group = Vec::new();
    for (done, document) in documents.into_iter().enumerate() {
        if planning.ports.asked_to_stop(Phase::ReadingDocuments, done as u64, Some(total)) {
            return Err(Error::Stopped);
        }
        group.extend(read(planning, document, &mut words, &mut before)?);
        if group.len() >= GROUP {
            decide(planning, core::mem::take(&mut group), &mut before)?;
        }
    }
    planning.ports.asked_to_stop(Phase::ReadingDocuments, total, Some(total));
    if group.is_empty() { Ok(()) } else { decide(planning, group, &mut before) }
}

/// Reads a document; what cannot be used is planned as left, its certificates are returned.
fn read(
    planning: &mut Planning<'_>,
    document: Document,
    words: &mut HashMap<String, Word>,
    before: &mut Before,
) -> Result<Vec<Read>, Error> {
    if let Some((first, customer)) = before.documents.get(&document.sha256) {
        let why = format!("the same document as {first}");
        if *customer == document.customer {
            planning.leave(&document, Decision::OnFile, &why)?;
        } else {
            let why = format!("{why}, which belongs to another customer");
            planning.leave(&document, Decision::Review, &why)?;
        }
        return Ok(Vec::new());
    }
    let known = (document.name.clone(), document.customer.clone());
    before.documents.insert(document.sha256.clone(), known.clone());
    if document.size > UPLOAD_MAX {
        let why = format!("it has more than {} MiB: scan it at a lower resolution", UPLOAD_MAX / 1024 / 1024);
        planning.leave(&document, Decision::Review, &why)?;
        return Ok(Vec::new());
    }
    let reading = match planning.ports.ocr.read(&document.id) {
        Ok(reading) => reading,
        Err(error) => {
            let (decision, why) = match error {
                OcrError::NeedsReader(why) => (Decision::NeedsReader, why),
                OcrError::Unreadable(why) | OcrError::TooLarge(why) => (Decision::Unreadable, why),
                OcrError::NotFound => (Decision::Unreadable, "it is no longer there".to_owned()),
            };
            planning.leave(&document, decision, &why)?;
            return Ok(Vec::new());
        }
    };
    let settings = &planning.ports.settings;
    let context =
        Context { today: &settings.today, seller_names: &settings.seller_names, terms: &settings.terms };
    let certificates = understand::certificates(&reading, &context);
    let whole = certificates.len() == 1;
    let mut read = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        let word = words.remove(&review::key(&document.sha256, certificate.first_page));
        match before.documents.get(&certificate.fingerprint) {
            Some((first, customer))
                if *customer == document.customer
                    && word.is_none()
                    && !certificate.fingerprint.is_empty() =>
            {
                let why = format!("the same certificate as in {first}");
                planning.leave(&document, Decision::OnFile, &why)?;
            }
            _ => {
                before.documents.insert(certificate.fingerprint.clone(), known.clone());
                read.push(Read { document: document.clone(), certificate, word, whole });
            }
        }
    }
    Ok(read)
}

/// Finds the customers of a group and plans its certificates.
fn decide(planning: &mut Planning<'_>, mut group: Vec<Read>, before: &mut Before) -> Result<(), Error> {
    let mut missing: Vec<Option<String>> = Vec::with_capacity(group.len());
    for read in &mut group {
        let accepted = read.word.as_ref().filter(|word| word.accepted);
        missing.push(accepted.and_then(|word| review::accept(&mut read.certificate, word).err()));
    }
    let matches = matches(planning, &group)?;
    let codes: Vec<&str> =
        matches.iter().filter_map(|it| it.sure().map(|candidate| candidate.code.as_str())).collect();
    let known = planning.customers(&codes)?;
    let on_file = on_file(planning, &group)?;
    for ((read, found), missing) in group.iter().zip(&matches).zip(missing) {
        let accepted = read.word.as_ref().is_some_and(|word| word.accepted);
        if let Some(word) = read.word.as_ref().filter(|word| !word.accepted) {
            let why = format!("turned down by {}: {}", word.by, word.reason);
            planning.judge(read, found, Decision::Rejected, &why)?;
            continue;
        }
        // A person's word overrules the findings, but not a customer that is not there.
        let own: Vec<&Finding> =
            read.certificate.findings.iter().filter(|it| !accepted && it.region.is_empty()).collect();
        let grave = own.iter().map(|it| it.severity).chain(found.doubt.iter().map(|it| it.severity)).max();
        if let Some(why) = missing {
            planning.judge(read, found, Decision::Review, &why)?;
        } else if grave >= Some(Severity::Review) {
            let decision = if grave == Some(Severity::Fail) { Decision::Invalid } else { Decision::Review };
            let texts = own.into_iter().chain(&found.doubt).filter(|it| it.severity >= Severity::Review);
            let why: Vec<&str> = texts.map(|it| it.text.as_str()).collect();
            planning.judge(read, found, decision, &why.join(" "))?;
        } else if let Some(candidate) = found.sure() {
            if known.contains_key(&candidate.code) {
                planning.certificates(read, found, candidate, &on_file, before)?;
            } else {
                let why = format!("customer {} is not in AvaTax yet: run sync first", candidate.code);
                planning.judge(read, found, Decision::NotSynced, &why)?;
            }
        }
    }
    Ok(())
}

/// One pass over the ERP for a group.
fn matches(planning: &Planning<'_>, group: &[Read]) -> Result<Vec<Match>, Error> {
    let wanted: Vec<Wanted<'_>> = group
        .iter()
        .map(|read| Wanted {
            certificate: &read.certificate,
            attached_to: read.document.customer.as_deref(),
            chosen: read.word.as_ref().map(|word| word.customer.as_str()).filter(|code| !code.is_empty()),
        })
        .collect();
    let ports = planning.ports;
    let mut finder = Finder::new(&wanted);
    let mut done = 0;
    ports.scan_customers(FieldGroups::ADDRESSES | FieldGroups::EXEMPTIONS, &mut |rows| {
        done += rows.len() as u64;
        for row in rows {
            if let Row::Customer(customer) = row {
                finder.meet(&customer, &ports.settings);
            }
        }
        if ports.asked_to_stop(Phase::Matching, done, None) { Err(Error::Stopped) } else { Ok(()) }
    })?;
    Ok(finder.finish())
}

/// File names of certificates that AvaTax has already, with the codes of the customers they are linked to.
fn on_file(planning: &Planning<'_>, group: &[Read]) -> Result<HashMap<String, Vec<String>>, Error> {
    let names: Vec<String> = group
        .iter()
        .flat_map(|read| read.certificate.coverage.iter().map(|it| read.file_name(&it.region)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = planning.certificates_named(&names)?;
    Ok(found.into_iter().map(|(it, codes)| (it.filename, codes)).collect())
}

impl Read {
    fn file_name(&self, region: &str) -> String {
        let page = if self.whole { None } else { Some(self.certificate.first_page) };
        file_name(&self.document.sha256, page, "US", region)
    }

    /// Key of an item that is about the certificate and none of its states.
    fn key(&self) -> String {
        if self.whole {
            self.document.id.clone()
        } else {
            format!("{}#{}", self.document.id, self.certificate.first_page + 1)
        }
    }

    fn item(&self, decision: Decision) -> Item {
        let certificate = &self.certificate;
        Item {
            name: certificate.text(Field::Purchaser).to_owned(),
            first_page: if self.whole { 0 } else { certificate.first_page as u64 },
            page_count: if self.whole { 0 } else { certificate.page_count as u64 },
            ..about(&self.document, decision)
        }
    }
}

impl Planning<'_> {
    /// Plans nothing for a document, and says why.
    fn leave(&mut self, document: &Document, decision: Decision, why: &str) -> Result<(), Error> {
        self.decisions.add(decision, || sample(&document.id, &document.name, "", why));
        let item = Item { detail: why.to_owned(), ..about(document, decision) };
        self.writer.add(Operation::CreateCertificate, &document.id, "", &item)
    }

    /// Plans nothing for a certificate, and keeps what was read of it.
    fn judge(&mut self, read: &Read, found: &Match, decision: Decision, why: &str) -> Result<(), Error> {
        let purchaser = read.certificate.text(Field::Purchaser);
        self.decisions.add(decision, || sample(&read.document.id, &read.document.name, purchaser, why));
        let item = Item {
            detail: why.to_owned(),
            certificate: report::record(&read.certificate, found),
            ..read.item(decision)
        };
        self.writer.add(Operation::CreateCertificate, &read.key(), "", &item)
    }

    /// Plans the states of a certificate, each by itself.
    fn certificates(
        &mut self,
        read: &Read,
        found: &Match,
        candidate: &Candidate,
        on_file: &HashMap<String, Vec<String>>,
        before: &mut Before,
    ) -> Result<(), Error> {
        let certificate = &read.certificate;
        let accepted = read.word.as_ref().filter(|word| word.accepted);
        // What was read goes with the first state; the others would only repeat it.
        let mut record = report::record(certificate, found);
        for coverage in &certificate.coverage {
            let region = &coverage.region;
            let name = read.file_name(region);
            if on_file.get(&name).is_some_and(|codes| codes.contains(&candidate.code)) {
                self.decisions.add(Decision::OnFile, || {
                    sample(&read.document.id, &read.document.name, &candidate.name, region)
                });
                continue;
            }
            let mut item = Item {
                id: candidate.id.clone(),
                name: candidate.name.clone(),
                row: candidate.row.clone(),
                country: "US".to_owned(),
                region: region.clone(),
                number: coverage.number.clone(),
                signed: certificate.signed_on().to_owned(),
                expires: certificate.text(Field::Expires).to_owned(),
                certificate: core::mem::take(&mut record),
                ..read.item(Decision::Upload)
            };
            if let Some(word) = accepted {
                item.detail = format!("accepted by {}: {}", word.by, word.reason);
            }
            let code = certificate.use_code;
            let mut hold = |item: &mut Item, decision: Decision, why: String| {
                item.detail.clone_from(&why);
                decision_name(decision).clone_into(&mut item.decision);
                self.decisions
                    .add(decision, || sample(&read.document.id, &read.document.name, &candidate.name, &why));
            };
            let zone = self.catalog.zone("US", region).map(|zone| zone.id);
            let reason = code.and_then(|code| self.catalog.reason(code)).cloned();
            let graver = verdict(&certificate.findings, region);
            let texts =
                certificate.findings.iter().filter(|it| it.region == *region && it.severity == graver);
            let texts: Vec<&str> = texts.map(|it| it.text.as_str()).collect();
            let own = place(&format!("{}\n{}", candidate.code, code.unwrap_or(' ')), "US", region);
            if accepted.is_none() && graver >= Severity::Review {
                let decision = if graver == Severity::Fail { Decision::Invalid } else { Decision::Review };
                hold(&mut item, decision, texts.join(" "));
            } else if accepted.is_none() && !before.places.insert(own) {
                let state = geography::region_name("US", region).unwrap_or(region);
                hold(
                    &mut item,
                    Decision::Review,
                    format!(
                        "Another document is a certificate of this customer for {state} and the same reason already."
                    ),
                );
            } else if let (Some(zone), Some(reason)) = (zone, reason) {
                self.to_be_covered.insert(place(&candidate.code, "US", region));
                item.zones = vec![zone];
                item.reasons = vec![reason.id];
                item.reason = reason.name;
                self.decisions.add(Decision::Upload, || {
                    sample(&read.document.id, &read.document.name, &candidate.name, region)
                });
            } else {
                let state = geography::region_name("US", region).unwrap_or(region);
                hold(
                    &mut item,
                    Decision::Review,
                    format!("AvaTax offers no exposure zone for {state}, or not the reason that is given."),
                );
            }
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
        certificate: Value::Null,
        ..Item::default()
    }
}
