//! Whether a customer is exempt, from the facts an ERP holds.
//!
//! Every fact that speaks for exemption becomes one evidence, strongest first, and the posture follows from the
//! evidence alone. Two facts are weaker than they look and are treated so: an exemption record outside its dates is
//! no evidence at all, and a certificate file is evidence but does not make anyone exempt, because nobody has read it
//! yet. Where nothing speaks either way the answer is "unknown", never "taxable".

use jiff::civil::Date;

use super::text;
use crate::model::erp::{Evidence, EvidenceKind, Exemption, Posture};

/// Most evidence entries of a customer, as the contract says.
const MAX_EVIDENCE: usize = 20;

/// One fact: what it is, the ERP's name of its field, the raw value.
pub(super) struct Fact<'a> {
    pub(super) kind: EvidenceKind,
    pub(super) field: &'a str,
    pub(super) value: String,
}

/// What the facts add up to. `charged` is the ERP's own answer to "is tax charged", if it has one.
pub(super) fn judge(charged: Option<bool>, facts: Vec<Fact<'_>>) -> (Posture, Vec<Evidence>) {
    let exempt = facts.iter().any(|fact| fact.kind != EvidenceKind::CertificateFile);
    let posture = match charged {
        _ if exempt => Posture::Exempt,
        Some(true) => Posture::Taxable,
        _ => Posture::Unknown,
    };
    let mut evidence: Vec<_> = facts
        .into_iter()
        .map(|fact| Evidence {
            kind: fact.kind,
            field: fact.field.to_owned(),
            value: text::one_line(&fact.value, text::LINE).unwrap_or_default(),
        })
        .collect();
    evidence.sort_by_key(|entry| rank(entry.kind));
    evidence.truncate(MAX_EVIDENCE);
    (posture, evidence)
}

/// The order of the contract is the order of strength.
fn rank(kind: EvidenceKind) -> u8 {
    match kind {
        EvidenceKind::ExemptionRecord => 0,
        EvidenceKind::CertificateFile => 1,
        EvidenceKind::ExemptionNumber => 2,
        EvidenceKind::ResaleNumber => 3,
        EvidenceKind::ExemptionReason => 4,
        EvidenceKind::EntityUseCode => 5,
        EvidenceKind::ExemptTaxCode => 6,
        EvidenceKind::NonTaxableFlag => 7,
        EvidenceKind::NoTaxRows => 8,
    }
}

/// Reads a date, with or without a time after it.
pub(super) fn date(value: &str) -> Option<Date> {
    value.trim().get(..10)?.parse().ok()
}

/// Whether `today` lies within the dates; a missing one is open.
pub(super) fn holds(effective: Option<Date>, expires: Option<Date>, today: Date) -> bool {
    effective.is_none_or(|first| first <= today) && expires.is_none_or(|last| today <= last)
}

/// The evidence that an exemption record gives, if it grants exemption today.
pub(super) fn record<'a>(exemption: &Exemption, field: &'a str, today: Date) -> Option<Fact<'a>> {
    let day = |value: &Option<String>| value.as_deref().and_then(date);
    if !exemption.exempt || !holds(day(&exemption.effective), day(&exemption.expires), today) {
        return None;
    }
    let parts =
        [&exemption.country, &exemption.region, &exemption.number, &exemption.reason, &exemption.expires];
    let value = parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    Some(Fact { kind: EvidenceKind::ExemptionRecord, field, value })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::{Fact, date, holds, judge};
    use crate::model::erp::{EvidenceKind, Posture};

    fn fact(kind: EvidenceKind) -> Fact<'static> {
        Fact { kind, field: "f", value: "v".into() }
    }

    #[test]
    fn a_file_alone_makes_nobody_exempt() {
        let (posture, evidence) = judge(Some(true), vec![fact(EvidenceKind::CertificateFile)]);
        assert_eq!((posture, evidence.len()), (Posture::Taxable, 1));
        assert_eq!(judge(None, vec![fact(EvidenceKind::CertificateFile)]).0, Posture::Unknown);
        assert_eq!(judge(Some(true), vec![fact(EvidenceKind::ResaleNumber)]).0, Posture::Exempt);
    }

    #[test]
    fn evidence_is_strongest_first_and_bounded() {
        let mut facts: Vec<_> = (0..30).map(|_| fact(EvidenceKind::NonTaxableFlag)).collect();
        facts.push(fact(EvidenceKind::ExemptionRecord));
        let (_, evidence) = judge(None, facts);
        assert_eq!(evidence.len(), 20);
        assert_eq!(evidence[0].kind, EvidenceKind::ExemptionRecord);
    }

    #[test]
    fn first_and_last_day_belong_to_an_exemption() {
        let (first, last) = (date("2026-01-01"), date("2026-12-31 23:59:59.0"));
        assert!(holds(first, last, day(2026, 1, 1)) && holds(first, last, day(2026, 12, 31)));
        assert!(!holds(first, last, day(2025, 12, 31)) && !holds(first, last, day(2027, 1, 1)));
        assert_eq!(date("31/12/2026"), None);
    }
}
