//! Made-up data: the customers of an imaginary seller as a SQLite ERP, and exemption certificates of some of them.
//!
//! The demo, the tests and the benchmarks all start here. Everything is a pure function of a seed and a position:
//! customer number 17 is worked out on the spot, without the sixteen before it. That keeps memory flat for a
//! million rows, makes equal seeds give equal bytes, and lets certificates quote the very customers that the ERP
//! holds although both are written apart.
//!
//! Both writers return the truth: what a reader of the data has to find. A test compares with it instead of
//! repeating figures by hand.
//!
//! | what | module |
//! |---|---|
//! | the SQLite file | [`write_erp`] |
//! | rows that go wrong in real ERPs | [`Trap`] |
//! | the certificate files | [`write_certificates`] |
//! | certificates of all forms, as PDF, scan, fax and photograph | [`documents`] |
//!
//! Names, numbers and addresses are invented. E-mail addresses end in `example.com`, telephone numbers are of the
//! 555-01xx block, taxpayer numbers start with 00, and each certificate says that it is not one.

mod certificates;
mod customers;
pub mod documents;
mod erp;
mod error;
mod font;
mod forms;
mod leads;
mod pdf;
mod picture;
mod places;
mod random;
mod traps;
mod words;

pub use certificates::{
    CertificateKind, CertificateTruth, ExpectedOutcome, StateNumber, attached_certificates,
    write_certificates,
};
pub use erp::{ERP_SCHEMA, ErpOptions, ErpTruth, write_erp};
pub use error::DemoError;
pub use traps::Trap;

/// Seed that the demo uses unless it is told another.
pub const DEFAULT_SEED: u64 = 2026;

/// Rows of the default customer table.
pub const DEFAULT_CUSTOMERS: u32 = 320;
