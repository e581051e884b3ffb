//! What the component is given beside AvaTax: a journal in memory and nothing else.

use std::cell::RefCell;

use ecms_onboarding::{
    model::{
        documents::{DocumentError, DocumentPage, Rendition},
        erp::{Description, ErpError, FieldGroups, Page, Row, Scan},
        journal::{Entry, JournalError, Query, StoredEntry},
        ocr::{OcrError, Reading},
        progress::{Event, Verdict},
        tenant::{CodeSource, Delivery, Scope, Settings},
    },
    ports::{Documents, Erp, Journal, Network, Ocr, Ports, Progress},
};

/// A journal that takes everything, and an ERP, documents and a person that have nothing to say.
#[derive(Debug, Default)]
pub struct Memory {
    /// The entries.
    pub entries: RefCell<Vec<Entry>>,
}

impl Memory {
    /// Everything a call gets, with this network.
    pub fn ports<'a>(&'a self, network: &'a dyn Network) -> Ports<'a> {
        Ports {
            erp: self,
            documents: self,
            ocr: self,
            journal: self,
            progress: self,
            network,
            settings: settings(),
        }
    }
}

/// Usual settings.
pub fn settings() -> Settings {
    Settings {
        base_url: "https://avatax.example.com".into(),
        company_code: "DEFAULT".into(),
        code_source: CodeSource::Code,
        scope: Scope::All,
        delivery: Delivery::Email,
        cover_letter: "STANDARD_REQUEST".into(),
        page_size: 500,
        batch_size: 25,
        window: 16,
        patience: 180,
        settling: 10,
        today: "2026-11-22".into(),
        seller_names: vec!["Example Supply Inc.".into()],
        terms: Vec::new(),
    }
}

impl Journal for Memory {
    fn append(&self, entries: &[Entry]) -> Result<u64, JournalError> {
        let mut known = self.entries.borrow_mut();
        known.extend_from_slice(entries);
        Ok(known.len() as u64)
    }

    fn read(&self, query: &Query) -> Result<Vec<StoredEntry>, JournalError> {
        let known = self.entries.borrow();
        let stored = known.iter().zip(1..).map(|(entry, sequence)| StoredEntry {
            sequence,
            recorded_at: "2026-11-22T10:00:00Z".into(),
            entry: entry.clone(),
        });
        let wanted = |it: &StoredEntry| {
            let side = match (query.after, query.backwards) {
                (0, _) => true,
                (after, false) => it.sequence > after,
                (after, true) => it.sequence < after,
            };
            side && query.kind.is_none_or(|kind| kind == it.entry.kind)
                && query.operation.is_none_or(|operation| operation == it.entry.operation)
                && query.plan.as_ref().is_none_or(|plan| *plan == it.entry.plan)
                && query.key.as_ref().is_none_or(|key| *key == it.entry.key)
        };
        let mut found: Vec<_> = stored.filter(wanted).collect();
        if query.backwards {
            found.reverse();
        }
        found.truncate(query.limit as usize);
        Ok(found)
    }
}

impl Erp for Memory {
    fn describe(&self) -> Result<Description, ErpError> {
        Err(ErpError::Unavailable("there is none".into()))
    }
    fn list(&self, _: &Scan) -> Result<Page, ErpError> {
        Ok(Page { rows: Vec::new(), next: None })
    }
    fn get(&self, _: &[String], _: FieldGroups) -> Result<Vec<Row>, ErpError> {
        Ok(Vec::new())
    }
}

impl Documents for Memory {
    fn list(&self, _: Option<&str>, _: u32) -> Result<DocumentPage, DocumentError> {
        Err(DocumentError::NotFound)
    }
    fn read(&self, _: &str, _: Rendition, _: u64, _: u32) -> Result<Vec<u8>, DocumentError> {
        Err(DocumentError::NotFound)
    }
}

impl Ocr for Memory {
    fn read(&self, _: &str) -> Result<Reading, OcrError> {
        Err(OcrError::Unreadable("there is none".into()))
    }
}

impl Progress for Memory {
    fn report(&self, _: Event) -> Verdict {
        Verdict::Proceed
    }
}
