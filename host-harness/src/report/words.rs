//! The contract's enumerations in two tongues: the kebab-case name that stands in `wit/onboarding.wit`, for machines,
//! and a few plain words, for people. Both are kept side by side in one table per enumeration, so that the JSON, the
//! tables and the report can never call one thing by two names. Text that came from an ERP, a document or AvaTax goes
//! through [`clean`] before it reaches a terminal, because none of them is trusted with control characters.

use crate::model::{
    erp::EvidenceKind,
    journal::{EntryKind, Operation, OutcomeState},
    onboarding::{
        CertificateOption, CertificateRole, Decision, Effect, ObstacleKind, Provisioning, Strength,
    },
    progress::Phase,
};

/// A name for machines and words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Kebab-case name, as in the contract.
    pub name: &'static str,
    /// Plain words.
    pub words: &'static str,
}

const fn term(name: &'static str, words: &'static str) -> Term {
    Term { name, words }
}

/// What a plan decided.
#[must_use]
pub const fn decision(value: Decision) -> Term {
    match value {
        Decision::Create => term("create", "create in AvaTax"),
        Decision::Fill => term("fill", "fill fields that are empty in AvaTax"),
        Decision::Identical => term("identical", "already in AvaTax, the same"),
        Decision::Differs => term("differs", "already in AvaTax with other values, left as they are"),
        Decision::OtherName => term("other-name", "the code belongs to another name in AvaTax, left alone"),
        Decision::Blocked => term("blocked", "cannot be created, see obstacles"),
        Decision::LeftOut => term("left-out", "left out: not in use, or outside the scope"),
        Decision::Upload => term("upload", "create and link a certificate"),
        Decision::OnFile => term("on-file", "certificate already in AvaTax"),
        Decision::NeedsReader => term("needs-reader", "picture or scan, needs a reader"),
        Decision::Review => term("review", "needs a person to look"),
        Decision::Invalid => term("invalid", "no valid certificate"),
        Decision::Rejected => term("rejected", "turned down by a person"),
        Decision::Unreadable => term("unreadable", "document cannot be read"),
        Decision::Invite => term("invite", "invite to hand in a certificate"),
        Decision::Covered => term("covered", "covered by valid certificates"),
        Decision::InvitedBefore => term("invited-before", "invitation is out already"),
        Decision::CallList => term("call-list", "no e-mail address, to be called"),
        Decision::NotSynced => term("not-synced", "not in AvaTax yet, sync first"),
    }
}

/// Every decision, in the order in which people read them.
pub const DECISIONS: [Decision; 19] = [
    Decision::Create,
    Decision::Fill,
    Decision::Identical,
    Decision::Differs,
    Decision::OtherName,
    Decision::Blocked,
    Decision::LeftOut,
    Decision::Upload,
    Decision::OnFile,
    Decision::NeedsReader,
    Decision::Review,
    Decision::Invalid,
    Decision::Rejected,
    Decision::Unreadable,
    Decision::Invite,
    Decision::Covered,
    Decision::InvitedBefore,
    Decision::CallList,
    Decision::NotSynced,
];

/// Finds the decision with a kebab-case name, as the journal stores it.
#[must_use]
pub fn decision_named(name: &str) -> Option<Decision> {
    DECISIONS.into_iter().find(|value| decision(*value).name == name)
}

/// What a person has to do about a decision; none where nothing is to be done.
#[must_use]
pub const fn remedy(value: Decision) -> Option<&'static str> {
    match value {
        Decision::Differs => Some("compare the two records and correct the wrong one by hand"),
        Decision::OtherName => Some("find out whose code it is and change it in the ERP or in AvaTax"),
        Decision::Blocked => Some("correct the record in the ERP and run sync again"),
        Decision::NeedsReader => Some("read the document yourself, or hand in a PDF with text"),
        Decision::Review => Some("look at what is in doubt and settle it by review"),
        Decision::Invalid => Some("ask the customer for a valid certificate, or settle it by review"),
        Decision::Unreadable => Some("ask for the document again"),
        Decision::CallList => Some("call the customer, or enter an e-mail address in the ERP"),
        Decision::NotSynced => Some("run sync first"),
        Decision::Create
        | Decision::Fill
        | Decision::Identical
        | Decision::LeftOut
        | Decision::Upload
        | Decision::OnFile
        | Decision::Rejected
        | Decision::Invite
        | Decision::Covered
        | Decision::InvitedBefore => None,
    }
}

/// Whether a person settles what has this name by looking at a certificate and saying a word on it.
#[must_use]
pub fn is_for_review(name: &str) -> bool {
    matches!(decision_named(name), Some(Decision::Review | Decision::Invalid))
}

/// Whether a decision is something the plan would write.
#[must_use]
pub const fn writes(value: Decision) -> bool {
    matches!(value, Decision::Create | Decision::Fill | Decision::Upload | Decision::Invite)
}

/// Whether a decision is about a document, and not about a customer.
#[must_use]
pub const fn of_a_document(value: Decision) -> bool {
    matches!(
        value,
        Decision::Upload
            | Decision::OnFile
            | Decision::NeedsReader
            | Decision::Review
            | Decision::Invalid
            | Decision::Rejected
            | Decision::Unreadable
    )
}

/// What a journal entry is about.
#[must_use]
pub const fn operation(value: Operation) -> Term {
    match value {
        Operation::Sync => term("sync", "customer run"),
        Operation::Certificates => term("certificates", "certificate run"),
        Operation::RequestSetup => term("request-setup", "set-up of certificate management"),
        Operation::CreateCustomer => term("create-customer", "customer created"),
        Operation::UpdateCustomer => term("update-customer", "customer filled in"),
        Operation::CreateCertificate => term("create-certificate", "certificate created"),
        Operation::AttachDocument => term("attach-document", "document attached"),
        Operation::LinkCertificate => term("link-certificate", "certificate linked"),
        Operation::SendInvitation => term("send-invitation", "invitation"),
    }
}

/// How an operation ended.
#[must_use]
pub const fn outcome(value: OutcomeState) -> Term {
    match value {
        OutcomeState::Done => term("done", "done"),
        OutcomeState::Adopted => term("adopted", "found there already"),
        OutcomeState::Moved => term("moved", "changed since the preview, not written"),
        OutcomeState::Refused => term("refused", "refused by AvaTax"),
        OutcomeState::Unclear => term("unclear", "no clear answer, looked at again next time"),
    }
}

/// What a journal entry records.
#[must_use]
pub const fn kind(value: EntryKind) -> &'static str {
    crate::journal::rules::kind_name(value)
}

/// Which way certificates are got.
#[must_use]
pub const fn option(value: CertificateOption) -> Term {
    match value {
        CertificateOption::Upload => term("upload", "from the documents at hand"),
        CertificateOption::Invite => term("invite", "by inviting customers"),
        CertificateOption::Both => term("both", "from the documents at hand, then by inviting the rest"),
    }
}

/// State of certificate management.
#[must_use]
pub const fn provisioning(value: Provisioning) -> Term {
    match value {
        Provisioning::Provisioned => term("provisioned", "set up"),
        Provisioning::InProgress => term("in-progress", "being set up, which takes some minutes"),
        Provisioning::NotProvisioned => term("not-provisioned", "not set up"),
    }
}

/// Whether the credential may create certificates.
#[must_use]
pub const fn role(value: CertificateRole) -> Term {
    match value {
        CertificateRole::Allowed => term("allowed", "may create certificates"),
        CertificateRole::Denied => term("denied", "may not create certificates"),
        CertificateRole::Unknown => term("unknown", "could not be told before the first certificate"),
    }
}

/// How well exemption is evidenced.
#[must_use]
pub const fn strength(value: Strength) -> Term {
    match value {
        Strength::Strong => term("strong", "strong: a record, certificate file, number or reason"),
        Strength::Medium => term("medium", "medium: a use code or an exempt tax group"),
        Strength::Weak => term("weak", "weak: only a flag, or no tax rows"),
    }
}

/// What speaks for exemption.
#[must_use]
pub const fn evidence(value: EvidenceKind) -> Term {
    match value {
        EvidenceKind::ExemptionRecord => term("exemption-record", "exemption record that holds today"),
        EvidenceKind::CertificateFile => term("certificate-file", "certificate file attached"),
        EvidenceKind::ExemptionNumber => term("exemption-number", "exemption number"),
        EvidenceKind::ResaleNumber => term("resale-number", "resale number"),
        EvidenceKind::ExemptionReason => term("exemption-reason", "stated reason"),
        EvidenceKind::EntityUseCode => term("entity-use-code", "entity/use code"),
        EvidenceKind::ExemptTaxCode => term("exempt-tax-code", "exempt tax group"),
        EvidenceKind::NonTaxableFlag => term("non-taxable-flag", "not-taxable flag"),
        EvidenceKind::NoTaxRows => term("no-tax-rows", "no tax rows"),
    }
}

/// What stands in the way of a customer.
#[must_use]
pub const fn obstacle(value: ObstacleKind) -> Term {
    match value {
        ObstacleKind::CodeMissing => term("code-missing", "no customer code"),
        ObstacleKind::CodeTooLong => term("code-too-long", "code longer than 50 characters"),
        ObstacleKind::CodeUnusable => term("code-unusable", "code with characters AvaTax cannot take"),
        ObstacleKind::CodeShared => term("code-shared", "code shared with another active customer"),
        ObstacleKind::NameMissing => term("name-missing", "no name"),
        ObstacleKind::NameTooLong => term("name-too-long", "name longer than 100 characters"),
        ObstacleKind::Line1Missing => term("line1-missing", "no street line"),
        ObstacleKind::LineTooLong => term("line-too-long", "street line longer than 50 characters"),
        ObstacleKind::CityMissing => term("city-missing", "no city"),
        ObstacleKind::PostalCodeMissing => term("postal-code-missing", "no postal code"),
        ObstacleKind::PostalCodeTooLong => {
            term("postal-code-too-long", "postal code longer than 10 characters")
        }
        ObstacleKind::CountryUnknown => term("country-unknown", "no country, or not a known one"),
        ObstacleKind::RegionMissing => term("region-missing", "no state or province"),
        ObstacleKind::RegionUnknown => term("region-unknown", "state or province not of that country"),
        ObstacleKind::EmailMissing => term("email-missing", "no e-mail address"),
        ObstacleKind::EmailMalformed => term("email-malformed", "malformed e-mail address, left out"),
        ObstacleKind::TaxpayerIdMasked => term("taxpayer-id-masked", "masked taxpayer id, left out"),
        ObstacleKind::StateUnknown => term("state-unknown", "held exempt, but nothing says where"),
        ObstacleKind::ExemptionExpired => term("exemption-expired", "the only exemption has expired"),
        ObstacleKind::RowUnreadable => term("row-unreadable", "row could not be read"),
    }
}

/// What an obstacle prevents.
#[must_use]
pub const fn effect(value: Effect) -> Term {
    match value {
        Effect::NoCreation => term("no-creation", "cannot be created"),
        Effect::NoInvitation => term("no-invitation", "cannot be invited by e-mail"),
        Effect::Notice => term("notice", "to be looked at"),
    }
}

/// What the component is doing.
#[must_use]
pub const fn phase(value: Phase) -> Term {
    match value {
        Phase::Preflight => term("preflight", "Checking AvaTax"),
        Phase::ReadingCustomers => term("reading-customers", "Reading customers"),
        Phase::Comparing => term("comparing", "Comparing with AvaTax"),
        Phase::WritingCustomers => term("writing-customers", "Writing customers"),
        Phase::ReadingDocuments => term("reading-documents", "Reading documents"),
        Phase::Matching => term("matching", "Matching documents"),
        Phase::WritingCertificates => term("writing-certificates", "Writing certificates"),
        Phase::CheckingCoverage => term("checking-coverage", "Checking coverage"),
        Phase::Inviting => term("inviting", "Inviting customers"),
        Phase::AwaitingInvitations => term("awaiting-invitations", "Awaiting invitations"),
        Phase::AwaitingSetup => term("awaiting-setup", "Awaiting set-up"),
    }
}

/// Makes foreign text fit for one line of a terminal or report: line breaks, control characters and marks that turn
/// the direction of writing become spaces, and what is longer than `most` characters is cut.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    crate::error::plain(text, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decision_is_found_by_its_name() {
        for value in DECISIONS {
            assert_eq!(decision_named(decision(value).name), Some(value));
        }
        assert_eq!(decision_named("Create"), None);
    }

    #[test]
    fn foreign_text_loses_what_could_steer_a_terminal() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\nd\te", 50), "a [31mb c d e");
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean("abc", 3), "abc");
    }
}
