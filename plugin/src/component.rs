//! The exports of the world, on top of its imports. Nothing but forwarding stands here.

use crate::bindings::ecms::onboarding::{documents, erp, journal, ocr, progress, tenant};
use crate::bindings::exports::ecms::onboarding::onboarding::Guest;
use crate::model::documents::{DocumentError, DocumentPage, Rendition};
use crate::model::erp::{Description, ErpError, FieldGroups, Page, Row, Scan};
use crate::model::journal::{Entry, JournalError, Query, StoredEntry};
use crate::model::ocr::{OcrError, Reading};
use crate::model::onboarding::{Action, Analysis, CertificateOption, Error, RunReport};
use crate::model::progress::{Event, Verdict};
use crate::ports::{Documents, Erp, Journal, Ocr, Ports, Progress};
use crate::wasi_http::Wasi;
use crate::{analyze, certificates, sync};

struct Component;

impl Guest for Component {
    fn analyze() -> Result<Analysis, Error> {
        analyze::analyze(&ports())
    }

    fn sync(action: Action) -> Result<RunReport, Error> {
        sync::sync(&ports(), &action)
    }

    fn onboard_certificates(option: CertificateOption, action: Action) -> Result<RunReport, Error> {
        certificates::onboard(&ports(), option, &action)
    }
}

/// The raw exports, generated.
mod raw {
    #![expect(unsafe_code, reason = "generated; the canonical ABI passes pointers")]
    #![expect(unreachable_pub, reason = "generated")]
    use super::Component;

    crate::bindings::export!(Component);
}

/// The host's imports.
struct Host;

fn ports() -> Ports<'static> {
    Ports {
        erp: &Host,
        documents: &Host,
        ocr: &Host,
        journal: &Host,
        progress: &Host,
        network: &Wasi,
        settings: tenant::get_settings(),
    }
}

impl Erp for Host {
    fn describe(&self) -> Result<Description, ErpError> {
        erp::describe()
    }

    fn list(&self, scan: &Scan) -> Result<Page, ErpError> {
        erp::list_customers(scan)
    }

    fn get(&self, ids: &[String], fields: FieldGroups) -> Result<Vec<Row>, ErpError> {
        erp::get_customers(ids, fields)
    }
}

impl Documents for Host {
    fn list(&self, after: Option<&str>, limit: u32) -> Result<DocumentPage, DocumentError> {
        documents::list_documents(after, limit)
    }

    fn read(&self, id: &str, rendition: Rendition, offset: u64, max: u32) -> Result<Vec<u8>, DocumentError> {
        documents::read_document(id, rendition, offset, max)
    }
}

impl Ocr for Host {
    fn read(&self, document: &str) -> Result<Reading, OcrError> {
        ocr::read_text(document)
    }
}

impl Journal for Host {
    fn append(&self, entries: &[Entry]) -> Result<u64, JournalError> {
        journal::append(entries)
    }

    fn read(&self, query: &Query) -> Result<Vec<StoredEntry>, JournalError> {
        journal::read(query)
    }
}

impl Progress for Host {
    fn report(&self, event: Event) -> Verdict {
        progress::report(event)
    }
}
