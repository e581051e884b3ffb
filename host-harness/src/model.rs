//! The contract as Rust types, by interface. What each item means is documented once, in `wit/onboarding.wit`.
//!
//! All records serialise with serde under their Rust names. The command line's `--json` uses the contract's own names
//! instead, see `docs/json.md`.

mod flags;
pub mod journal;

/// Customers and exemption evidence: import `erp`.
pub mod erp {
    pub use crate::bindings::ecms::onboarding::erp::{
        Address, AddressUse, BadRow, Customer, Description, ErpError, Evidence, EvidenceKind, Exemption,
        FieldGroups, Lifecycle, Page, Posture, Row, Scan,
    };
}
/// Certificate documents: import `documents`.
pub mod documents {
    pub use crate::bindings::ecms::onboarding::documents::{
        Document, DocumentError, DocumentPage, PageRange, Rendition,
    };
}
/// Text of documents: import `ocr`.
pub mod ocr {
    pub use crate::bindings::ecms::onboarding::ocr::{
        FormField, Mark, MarkKind, OcrError, Reading, Rectangle, TextPage, Word, WordSource,
    };
}
/// What is going on: import `progress`.
pub mod progress {
    pub use crate::bindings::ecms::onboarding::progress::{Event, Phase, Verdict};
}
/// Settings of a tenant: import `tenant`.
pub mod tenant {
    pub use crate::bindings::ecms::onboarding::tenant::{CodeSource, Delivery, Scope, Settings, Term};
}
/// What the component does: export `onboarding`.
pub mod onboarding {
    pub use crate::bindings::exports::ecms::onboarding::onboarding::{
        Action, Analysis, Approval, CertificateOption, CertificateRole, CoverageCount, Decision,
        DecisionCount, Effect, Error, EvidenceCount, Obstacle, ObstacleKind, OutcomeCount, Plan,
        PlanMismatch, Preflight, Provisioning, RegionCount, RunReport, Sample, Strength, StrengthCount,
    };
}
