//! The seams to the outside: what the domain code needs from a host, as traits.
//!
//! In the component they are the imports of the world; in native tests they are whatever the test supplies. Calls block
//! and return plain data, since a component runs one call at a time.

use core::time::Duration;

use crate::http::{Answer, Request};
use crate::model::documents::{DocumentError, DocumentPage, Rendition};
use crate::model::erp::{Description, ErpError, FieldGroups, Page, Row, Scan};
use crate::model::journal::{Entry, JournalError, Query, StoredEntry};
use crate::model::ocr::{OcrError, Reading};
use crate::model::onboarding::Error;
use crate::model::progress::{Event, Phase, Verdict};
use crate::model::tenant::Settings;

/// Import `erp`.
pub trait Erp {
    /// Says what is behind.
    fn describe(&self) -> Result<Description, ErpError>;
    /// One page of all customers, by id.
    fn list(&self, scan: &Scan) -> Result<Page, ErpError>;
    /// The named customers that still exist.
    fn get(&self, ids: &[String], fields: FieldGroups) -> Result<Vec<Row>, ErpError>;
}

/// Import `documents`.
pub trait Documents {
    /// One page of documents, by id.
    fn list(&self, after: Option<&str>, limit: u32) -> Result<DocumentPage, DocumentError>;
    /// A piece of a document; empty is the end.
    fn read(&self, id: &str, rendition: Rendition, offset: u64, max: u32) -> Result<Vec<u8>, DocumentError>;
}

/// Import `ocr`.
pub trait Ocr {
    /// The words of a document.
    fn read(&self, document: &str) -> Result<Reading, OcrError>;
}

/// Import `journal`.
pub trait Journal {
    /// Appends all or none, durably.
    fn append(&self, entries: &[Entry]) -> Result<u64, JournalError>;
    /// Reads in order.
    fn read(&self, query: &Query) -> Result<Vec<StoredEntry>, JournalError>;
}

/// Import `progress`.
pub trait Progress {
    /// Reports, and hears whether to go on.
    fn report(&self, event: Event) -> Verdict;
}

/// Requests that are made as there is room for them, and who hears the answers.
pub trait Exchange {
    /// The next request to start, and a number to know its answer by. None when none may be started now; asked again after
    /// every answer and every piece of other work for as long as a request is in flight.
    fn next(&mut self) -> Option<(usize, &Request)>;
    /// Most bytes of a body that there is room for now.
    fn room(&self) -> usize;
    /// What became of a request.
    fn heard(&mut self, number: usize, answer: Answer);
    /// Does one piece of other work while requests are in flight; false when there is none for now.
    fn meanwhile(&mut self) -> bool;
}

/// Imports `wasi:http` and `wasi:clocks`.
pub trait Network {
    /// Sends requests until none is in flight and none is to be started.
    fn exchange(&self, exchange: &mut dyn Exchange);
    /// Waits.
    fn sleep(&self, time: Duration);
    /// Time since some fixed moment.
    fn now(&self) -> Duration;
}

/// Everything a call of the component gets.
#[expect(missing_debug_implementations, reason = "a bundle of trait objects")]
pub struct Ports<'a> {
    /// Customers.
    pub erp: &'a dyn Erp,
    /// Certificate documents.
    pub documents: &'a dyn Documents,
    /// Their text.
    pub ocr: &'a dyn Ocr,
    /// Memory.
    pub journal: &'a dyn Journal,
    /// The person.
    pub progress: &'a dyn Progress,
    /// AvaTax.
    pub network: &'a dyn Network,
    /// The tenant's settings.
    pub settings: Settings,
}

impl Ports<'_> {
    /// Reports progress; true means the person wants to stop.
    pub fn asked_to_stop(&self, phase: Phase, done: u64, total: Option<u64>) -> bool {
        self.progress.report(Event { phase, done, total }) == Verdict::Stop
    }

    /// Reads all customers page by page and hands over each page.
    ///
    /// The page handler ends the scan early by answering an error. Rows may come twice when the ERP changes meanwhile.
    pub fn scan_customers(
        &self,
        fields: FieldGroups,
        page: &mut dyn FnMut(Vec<Row>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let page_size = self.settings.page_size.clamp(1, 1000);
        let mut after = None;
        loop {
            let scan = Scan { fields, page_size, after: after.clone() };
            let read = self.erp.list(&scan).map_err(erp_error)?;
            page(read.rows)?;
            match read.next {
                // A host that hands out the same cursor again would keep us here for ever.
                Some(next) if after.as_ref() == Some(&next) => {
                    return Err(Error::ErpFailed(
                        "The ERP gave the same cursor twice, so the scan cannot go on.".into(),
                    ));
                }
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// An ERP failure as the contract's error.
pub fn erp_error(error: ErpError) -> Error {
    Error::ErpFailed(match error {
        ErpError::Unavailable(why) => format!("The ERP could not be read: {why}"),
        ErpError::Unauthorized(why) => format!("The ERP refused the host's credentials: {why}"),
        ErpError::CursorExpired => "The ERP's cursor expired during the scan. Run the command again.".into(),
        ErpError::InvalidRequest(why) => format!("The ERP cannot serve the request: {why}"),
        ErpError::BadData(why) => format!("The ERP's data cannot be understood: {why}"),
    })
}

/// A documents failure as the contract's error.
pub fn documents_error(error: DocumentError) -> Error {
    Error::DocumentsFailed(document_sentence(error))
}

/// A documents failure in words.
pub fn document_sentence(error: DocumentError) -> String {
    match error {
        DocumentError::NotFound => "The document disappeared while it was read.".into(),
        DocumentError::TooLarge(why) | DocumentError::Unsupported(why) | DocumentError::Unavailable(why) => {
            why
        }
    }
}

/// A journal failure as the contract's error.
pub fn journal_error(error: JournalError) -> Error {
    Error::JournalFailed(match error {
        JournalError::Unavailable(why) => format!("The journal cannot be used: {why}"),
        JournalError::Invalid(why) => format!("The journal refused an entry: {why}"),
    })
}
