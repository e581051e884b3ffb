//! Which certificates are before a person: read from the journal, never from AvaTax or the documents.
//!
//! The newest complete upload plan says what is in doubt, and entries of kind `review` say what a person has decided.
//! A word settles a certificate until a newer plan was made and still has its doubts; then it waits again, because a
//! word that had no effect must not look like one that had. Kept of each certificate is a summary of bounded size; the
//! whole of one is read again when it is asked for.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::{
    certificate::{Certificate, Finding, Severity, text},
    word::Word,
};
use crate::{
    journal::Journal,
    model::{
        journal::{EntryKind, Operation, Query, StoredEntry},
        onboarding::Decision,
    },
    report::{ReportError, runs::Runs, scan, words},
};

/// Items read at once; each may have 64 KiB.
const CHUNK: u32 = 200;
/// Findings named in a summary.
const NAMED: usize = 5;
/// Length from which on a detail takes no more states in.
const DETAIL: usize = 1_000;
/// Digits of a document's SHA-256 by which people name it.
const DIGITS: usize = 8;

/// A certificate in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How people name it.
    pub id: String,
    /// How the journal names it.
    pub key: String,
    /// File name of the document.
    pub document: String,
    /// Id of the document.
    pub document_id: String,
    /// SHA-256 of the document.
    pub sha256: String,
    /// Page on which it begins, from 1.
    pub first_page: u32,
    /// How many pages it has.
    pub page_count: u32,
    /// Name of the form.
    pub form_name: String,
    /// Who bought.
    pub purchaser: String,
    /// Code of the customer it was matched to for sure; may be empty.
    pub customer: String,
    /// What the plan decided, as the contract names it.
    pub decision: &'static str,
    /// Why.
    pub detail: String,
    /// Rules by which it is not valid.
    pub fails: usize,
    /// Rules by which a person has to look.
    pub reviews: usize,
    /// How sure the least sure value is.
    pub lowest_confidence: f32,
    /// The gravest findings, as sentences.
    pub findings: Vec<String>,
    /// Whether it waits for a person.
    pub waits: bool,
    /// The last word on it.
    pub word: Option<Word>,
    /// Where its item stands in the journal.
    #[serde(skip)]
    pub sequence: u64,
}

/// A document without a certificate that a person could judge here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// File name.
    pub document: String,
    /// SHA-256; may be empty.
    pub sha256: String,
    /// What the plan decided, as the contract names it.
    pub decision: &'static str,
    /// Why.
    pub detail: String,
}

/// Everything that is before a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pool {
    /// Digest of the newest plan; none if there is no complete one.
    pub plan: Option<String>,
    /// Those that wait and those that are decided, worst first.
    pub certificates: Vec<Summary>,
    /// Documents without a readable certificate, by name.
    pub unread: Vec<Unread>,
}

/// Reads what is before a person.
///
/// # Errors
/// When the journal cannot be read.
pub async fn read(journal: &dyn Journal) -> Result<Pool, ReportError> {
    let runs = Runs::read(journal).await?;
    let Some(run) = runs.newest_run(Decision::Upload) else { return Ok(Pool::default()) };
    let opened: u64 = run.plan.parse().unwrap_or_default();
    let mut words = HashMap::new();
    scan(journal, Some(EntryKind::Review), |stored| {
        if let Some(word) = Word::of(stored) {
            words.insert(stored.entry.key.clone(), word);
        }
    })
    .await?;
    let mut found = BTreeMap::new();
    let mut unread = Vec::new();
    let mut latest = String::new();
    let mut after = 0;
    loop {
        let query = Query { plan: Some(run.plan.clone()), after, limit: CHUNK, ..items() };
        let page = journal.read(query).await?;
        // A journal that does not move on would never end.
        let Some(last) = page.last().filter(|last| last.sequence > after) else { break };
        after = last.sequence;
        for stored in &page {
            match Read::of(stored) {
                Some(Read::Certificate(summary)) => {
                    latest.clone_from(&summary.key);
                    keep(&mut found, *summary);
                }
                Some(Read::State(state)) => {
                    if let Some(summary) = found.get_mut(&latest).filter(|it| it.sha256 == state.sha256) {
                        summary.take(state.decision, &state.customer, &state.detail);
                    }
                }
                Some(Read::Nothing(document)) => unread.push(document),
                None => {}
            }
        }
    }
    let mut certificates: Vec<Summary> = found
        .into_values()
        .filter_map(|mut summary| {
            summary.word = words.remove(&summary.key);
            let settled = summary.word.as_ref().is_some_and(|word| word.sequence > opened);
            summary.waits = is_doubtful(summary.decision) && !settled;
            (summary.waits || summary.word.is_some()).then_some(summary)
        })
        .collect();
    name(&mut certificates);
    certificates.sort_by(|one, other| {
        let invalid = |summary: &Summary| summary.decision != words::decision(Decision::Invalid).name;
        (invalid(one).cmp(&invalid(other)))
            .then(other.reviews.cmp(&one.reviews))
            .then(one.lowest_confidence.total_cmp(&other.lowest_confidence))
            .then_with(|| (&one.document, one.first_page).cmp(&(&other.document, other.first_page)))
    });
    unread.sort_by(|one, other| one.document.cmp(&other.document));
    Ok(Pool { plan: run.digest.clone(), certificates, unread })
}

/// Reads the whole of a certificate.
///
/// # Errors
/// When the journal cannot be read, or no longer holds it.
pub async fn whole(journal: &dyn Journal, summary: &Summary) -> Result<Certificate, ReportError> {
    let query = Query { after: summary.sequence.saturating_sub(1), limit: 1, ..items() };
    let page = journal.read(query).await?;
    page.first()
        .filter(|stored| stored.sequence == summary.sequence)
        .and_then(|stored| Certificate::of(body(stored)?.get("certificate")?))
        .ok_or_else(|| ReportError::Journal("it no longer holds the certificate that it named".to_owned()))
}

/// Reads every word on a certificate, oldest first.
///
/// # Errors
/// When the journal cannot be read.
pub async fn words_on(journal: &dyn Journal, key: &str) -> Result<Vec<Word>, ReportError> {
    let query = Query {
        kind: Some(EntryKind::Review),
        operation: None,
        plan: None,
        key: Some(key.to_owned()),
        after: 0,
        backwards: true,
        limit: CHUNK,
    };
    let mut words: Vec<_> = journal.read(query).await?.iter().filter_map(Word::of).collect();
    words.reverse();
    Ok(words)
}

impl Pool {
    /// Finds the certificate that a person named: by its id, or by any beginning of it that fits one certificate only.
    ///
    /// # Errors
    /// A sentence that says which there are, or that there is none.
    pub fn find(&self, asked: &str) -> Result<&Summary, String> {
        let asked = asked.trim().to_ascii_lowercase();
        let (digits, page) =
            asked.split_once('-').map_or((asked.as_str(), None), |(digits, page)| (digits, Some(page)));
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "\"{}\" is no id of a certificate, which is the beginning of a checksum, such as 0a1b2c3d.",
                words::clean(&asked, 80)
            ));
        }
        let fits = |summary: &&Summary| {
            summary.sha256.starts_with(digits)
                && page.is_none_or(|page| page.parse() == Ok(summary.first_page))
        };
        let found: Vec<&Summary> = self.certificates.iter().filter(fits).collect();
        if let [one] = found.as_slice() {
            return Ok(one);
        }
        if let Some(exact) = found.iter().find(|summary| summary.id == asked) {
            return Ok(exact);
        }
        if found.is_empty() {
            return Err(self.not_there(&asked, digits));
        }
        let ids: Vec<_> = found.iter().take(10).map(|summary| summary.id.as_str()).collect();
        let more = if found.len() > ids.len() { ", …" } else { "" };
        Err(format!("{asked} fits {} certificates: {}{more}.", found.len(), ids.join(", ")))
    }

    fn not_there(&self, asked: &str, digits: &str) -> String {
        let unread = self.unread.iter().find(|document| document.sha256.starts_with(digits));
        match unread {
            Some(document) => format!(
                "{} holds no certificate that could be decided about here: {}",
                document.document,
                super::super::exit::sentence(&document.detail)
            ),
            None => format!(
                "No certificate that waits or was decided about has an id that begins with {}.",
                words::clean(asked, 80)
            ),
        }
    }
}

/// What an item is to a person who reviews.
enum Read {
    /// One with all that was read: the first of a certificate.
    Certificate(Box<Summary>),
    /// One of a further state of the certificate before it.
    State(State),
    /// A document without a certificate.
    Nothing(Unread),
}

/// What was decided about one state.
struct State {
    sha256: String,
    decision: &'static str,
    customer: String,
    detail: String,
}

impl Read {
    fn of(stored: &StoredEntry) -> Option<Self> {
        let body = body(stored)?;
        let decision = words::decision_named(body.get("decision")?.as_str()?)?;
        let decision_name = words::decision(decision).name;
        let document = text(&body, "document", 300);
        let region = text(&body, "region", 10);
        let detail = match text(&body, "detail", 500) {
            detail if region.is_empty() || detail.is_empty() => detail,
            detail => format!("{region}: {detail}"),
        };
        let customer = words::clean(&stored.entry.customer, 300);
        let sha256 = Some(text(&body, "sha256", 64)).filter(|digest| is_digest(digest));
        let certificate = body.get("certificate").and_then(Certificate::of);
        if let (None, Some(sha256), false) = (&certificate, &sha256, region.is_empty()) {
            let sha256 = sha256.clone();
            return Some(Self::State(State { sha256, decision: decision_name, customer, detail }));
        }
        let (Some(certificate), Some(sha256)) = (certificate, &sha256) else {
            let concerns = is_doubtful(decision_name)
                || matches!(decision, Decision::NeedsReader | Decision::Unreadable);
            return concerns.then(|| {
                Self::Nothing(Unread {
                    document,
                    sha256: sha256.unwrap_or_default(),
                    decision: decision_name,
                    detail,
                })
            });
        };
        let read = certificate.value("purchaser");
        let purchaser = if read.is_empty() { text(&body, "name", 300) } else { read.to_owned() };
        let named = certificate.findings.iter().filter(|finding| finding.severity != Severity::Warn);
        Some(Self::Certificate(Box::new(Summary {
            id: String::new(),
            key: format!("{sha256}#{}", certificate.first_page),
            document,
            document_id: body.get("document_id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            sha256: sha256.clone(),
            first_page: certificate.first_page,
            page_count: certificate.page_count,
            form_name: certificate.form_name.clone(),
            purchaser,
            customer: if customer.is_empty() { certificate.customer.clone() } else { customer },
            decision: decision_name,
            detail,
            fails: certificate.count(Severity::Fail),
            reviews: certificate.count(Severity::Review),
            lowest_confidence: certificate.least_sure(),
            findings: named.take(NAMED).map(Finding::sentence).collect(),
            waits: false,
            word: None,
            sequence: stored.sequence,
        })))
    }
}

/// A certificate that lies in two files is shown once, by the graver decision.
fn keep(found: &mut BTreeMap<String, Summary>, summary: Summary) {
    match found.get_mut(&summary.key) {
        Some(known) => known.take(summary.decision, &summary.customer, &summary.detail),
        None => {
            found.insert(summary.key.clone(), summary);
        }
    }
}

impl Summary {
    /// Adds what another item says about the same certificate; the graver decision stands.
    fn take(&mut self, decision: &'static str, customer: &str, detail: &str) {
        let rank = |decision: &str| match decision {
            "invalid" => 0,
            "review" => 1,
            _ => 2,
        };
        if rank(decision) < rank(self.decision) {
            self.decision = decision;
            detail.clone_into(&mut self.detail);
        } else if decision == self.decision && is_doubtful(decision) && self.detail.len() < DETAIL {
            self.detail.push(' ');
            self.detail.push_str(detail);
        }
        if self.customer.is_empty() {
            customer.clone_into(&mut self.customer);
        }
    }
}

/// Gives every certificate the shortest name that tells its document from the others.
fn name(certificates: &mut [Summary]) {
    let mut digests: Vec<String> = certificates.iter().map(|summary| summary.sha256.clone()).collect();
    digests.sort_unstable();
    digests.dedup();
    let shared = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    // Sorted, so that the one with most in common is next to it.
    let digits = digests.windows(2).map(|pair| match pair {
        [one, other] => shared(one, other) + 1,
        _ => 0,
    });
    let digits = digits.max().unwrap_or_default().max(DIGITS);
    for summary in certificates {
        summary.id = summary.sha256.get(..digits).unwrap_or(&summary.sha256).to_owned();
        if summary.first_page > 1 {
            summary.id.push_str(&format!("-{}", summary.first_page));
        }
    }
}

fn is_doubtful(decision: &str) -> bool {
    [Decision::Review, Decision::Invalid].into_iter().any(|one| words::decision(one).name == decision)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn body(stored: &StoredEntry) -> Option<Value> {
    serde_json::from_str(&stored.entry.body).ok()
}

/// Plan items about certificates.
const fn items() -> Query {
    Query {
        kind: Some(EntryKind::PlanItem),
        operation: Some(Operation::CreateCertificate),
        plan: None,
        key: None,
        after: 0,
        backwards: false,
        limit: 1,
    }
}
