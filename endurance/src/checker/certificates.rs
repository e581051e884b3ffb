//! Certificates: one for each document and state, with its document, linked to its customer, all of it once.

use std::collections::BTreeSet;

use super::{Evidence, Fault, Findings, owners};
use crate::{
    avatax::{Effect, text},
    company::Customer,
};

/// What has to be there.
struct Wanted<'a> {
    customer: &'a Customer,
    region: &'a str,
    number: &'a str,
    hash: &'a str,
}

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Findings) {
    let company = evidence.company;
    let mut numbers = BTreeSet::new();
    for (paper, hash) in company.papers.iter().zip(evidence.hashes) {
        let Some(customer) = company.owner(paper) else { continue };
        for (region, number) in &paper.entries {
            numbers.insert(number.as_str());
            one(evidence, &Wanted { customer, region, number, hash }, found);
        }
    }
    let made = |effect: &&Effect| effect.kind == "certificate-created" && !effect.is_foreign();
    for effect in evidence.effects.iter().filter(made) {
        let number = effect.text("exemptionNumber");
        if !numbers.contains(number) {
            let subject = format!("certificate {}", effect.certificate_id.unwrap_or_default());
            found.add(Fault::Extra, subject, format!("nobody has a certificate with the number '{number}'"));
        }
    }
    for effect in evidence.effects.iter().filter(|it| it.kind == "certificate-unlinked" && !it.is_foreign()) {
        let subject = format!("certificate {}", effect.certificate_id.unwrap_or_default());
        found.add(Fault::Overwritten, subject, format!("it was taken away from {}", effect.code()));
    }
}

fn one(evidence: &Evidence<'_>, wanted: &Wanted<'_>, found: &mut Findings) {
    let code = wanted.customer.code.as_str();
    let subject = format!("certificate {} of {code} for {}", wanted.number, wanted.region);
    let effects = || evidence.effects.iter().filter(|effect| !effect.is_foreign());
    let created: Vec<&Effect> = effects()
        .filter(|it| it.kind == "certificate-created" && it.text("exemptionNumber") == wanted.number)
        .collect();
    found.once(created.len(), code, &subject);
    let ids: BTreeSet<u64> = created.iter().filter_map(|effect| effect.certificate_id).collect();
    let about = |kind: &'static str| {
        effects()
            .filter(move |it| it.kind == kind)
            .filter(|it| it.certificate_id.is_some_and(|id| ids.contains(&id)))
    };
    if created.is_empty() {
        return;
    }
    let documents: Vec<&Effect> = about("attachment-stored").collect();
    match documents.len() {
        0 => found.add(Fault::Missing, format!("document of {subject}"), "it was never stored"),
        1 => {}
        count => found.add(
            Fault::Doubled,
            format!("document of {subject}"),
            format!("it was stored {count} times"),
        ),
    }
    for document in documents.iter().filter(|it| it.text("sha256") != wanted.hash) {
        let detail = format!("its SHA-256 is {} and has to be {}", document.text("sha256"), wanted.hash);
        found.add(Fault::Wrong, format!("document of {subject}"), detail);
    }
    let links: Vec<&Effect> = about("certificate-linked").collect();
    let good = links.iter().filter(|it| it.code() == code).count();
    match good {
        0 => found.add(Fault::Missing, format!("link of {subject}"), "the customer does not have it"),
        1 => {}
        count => {
            found.add(Fault::Doubled, format!("link of {subject}"), format!("it was made {count} times"))
        }
    }
    for link in links.iter().filter(|it| it.code() != code) {
        found.add(Fault::Wrong, format!("link of {subject}"), format!("{} has it as well", link.code()));
    }
    let cached: BTreeSet<u64> = created.iter().filter_map(|effect| effect.certificate_id).collect();
    for id in cached {
        record(evidence, wanted, id, &subject, found);
    }
}

/// What AvaTax lists under the id is what stands on the document.
fn record(evidence: &Evidence<'_>, wanted: &Wanted<'_>, id: u64, subject: &str, found: &mut Findings) {
    let listed = |row: &&serde_json::Value| row.get("id").and_then(serde_json::Value::as_u64) == Some(id);
    let Some(row) = evidence.books.certificates.iter().find(listed) else {
        return found.add(Fault::Missing, subject, "AvaTax does not list it");
    };
    let zone = row.get("exposureZone").map_or("", |zone| text(zone, "region"));
    let reason = row.get("exemptionReason").map_or("", |reason| text(reason, "name"));
    let signed = text(row, "signedDate");
    let expected = [
        ("state", zone, wanted.region),
        ("number", text(row, "exemptionNumber"), wanted.number),
        ("reason", reason, "RESALE"),
        ("signing day", signed.get(..10).unwrap_or(signed), evidence.company.signed.as_str()),
    ];
    for (field, actual, expected) in expected.into_iter().filter(|(_, actual, expected)| actual != expected) {
        found.add(Fault::Wrong, subject, format!("its {field} is '{actual}' and has to be '{expected}'"));
    }
    if row.get("valid") != Some(&serde_json::Value::Bool(true)) {
        found.add(Fault::Wrong, subject, "it is not valid");
    }
    let owners = owners(row);
    if owners != [wanted.customer.code.as_str()] {
        found.add(Fault::Wrong, subject, format!("AvaTax has it for {owners:?}"));
    }
}
