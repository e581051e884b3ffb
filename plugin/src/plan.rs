//! The plan: what a preview decided, kept in the journal, and named by a digest that a person confirms.
//!
//! A preview opens a plan, appends an item for every write it would make and for everything a person should see, and
//! closes the plan with its digest. The digest is SHA-256 over the header (what, for which company, under which
//! settings) and the writes in order, so the same situation gives the same digest and any change gives another one.
//! Items are small: they name the ERP row and carry its fingerprint, and `apply` reads the row again and compares.

use std::hash::{DefaultHasher, Hasher as _};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::json::{self, Value};
use crate::model::journal::{Entry, EntryKind, Operation, Query, StoredEntry};
use crate::model::onboarding::{Decision, DecisionCount, Error, Plan, PlanMismatch};
use crate::ports::{Ports, journal_error};

/// Longest key in bytes; the contract's journal takes 400.
const KEY_MAX: usize = 300;
/// Items appended or read at once.
const CHUNK: usize = 500;

/// SHA-256 as lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Fingerprint of a value: 128 bits of the SHA-256 of its JSON, in hexadecimal.
#[must_use]
pub fn fingerprint(value: &impl Serialize) -> String {
    // Plain data always serialises; an empty text would only make the fingerprint differ, which is the safe side.
    let json = serde_json::to_vec(value).unwrap_or_default();
    hex(Sha256::digest(&json).get(..16).unwrap_or_default())
}

/// 64-bit hash for sets of identifiers that are too large to keep as text. It is never stored: another version of the
/// component may hash otherwise.
#[must_use]
pub fn short_hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Decisions as journals and reports spell them.
const DECISIONS: [(Decision, &str); 19] = [
    (Decision::Create, "create"),
    (Decision::Fill, "fill"),
    (Decision::Identical, "identical"),
    (Decision::Differs, "differs"),
    (Decision::OtherName, "other-name"),
    (Decision::Blocked, "blocked"),
    (Decision::LeftOut, "left-out"),
    (Decision::Upload, "upload"),
    (Decision::OnFile, "on-file"),
    (Decision::NeedsReader, "needs-reader"),
    (Decision::Review, "review"),
    (Decision::Invalid, "invalid"),
    (Decision::Rejected, "rejected"),
    (Decision::Unreadable, "unreadable"),
    (Decision::Invite, "invite"),
    (Decision::Covered, "covered"),
    (Decision::InvitedBefore, "invited-before"),
    (Decision::CallList, "call-list"),
    (Decision::NotSynced, "not-synced"),
];

/// Name of a decision as journals and reports spell it.
#[must_use]
pub fn decision_name(decision: Decision) -> &'static str {
    DECISIONS.iter().find(|(known, _)| *known == decision).map_or("", |(_, name)| name)
}

/// The decision with a name.
#[must_use]
pub fn decision_named(name: &str) -> Option<Decision> {
    DECISIONS.iter().find(|(_, known)| *known == name).map(|(decision, _)| *decision)
}

/// Whether a decision leads to a write.
#[must_use]
pub fn writes(decision: &str) -> bool {
    matches!(decision, "create" | "fill" | "upload" | "invite")
}

/// What a plan is about; part of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// `sync`, or `upload`, `invite`, `both`.
    pub option: String,
    /// AvaTax company.
    pub company_id: u64,
    /// AvaTax base URL.
    pub base_url: String,
    /// Settings that change what is written.
    pub settings: String,
}

/// One item of a plan: what it would do, and what it rests on. Absent values are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Decision, spelled as in reports.
    pub decision: String,
    /// ERP id of the customer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Customer or purchaser name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For people: what is the matter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Fingerprint of the ERP row the decision rests on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub row: String,
    /// Fingerprint of the AvaTax record the decision rests on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remote: String,
    /// Fields of an update: name, value before, value after.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String, String)>,
    /// File name of the document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// Id of the document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub document_id: String,
    /// First page of the certificate in the document, from 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub first_page: u64,
    /// Pages of the certificate; 0 is the whole document.
    #[serde(skip_serializing_if = "is_zero")]
    pub page_count: u64,
    /// SHA-256 of the document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Country of the certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// State of the certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Exemption number.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Exemption reason, AvaTax's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Day the certificate was signed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signed: String,
    /// Last day of the certificate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expires: String,
    /// Where an invitation goes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recipient: String,
    /// What was read of a certificate and what speaks for which customer; not read back.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub certificate: Value,
    /// Exposure zones an invitation asks for, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<u64>,
    /// Exemption reasons an invitation or certificate names, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<u64>,
}

#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<&Value> for Item {
    fn from(value: &Value) -> Self {
        let text = |field| json::text(value, field);
        let fields = json::list(value, "fields").iter().map(|field| {
            let part = |at: usize| field.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            (part(0), part(1), part(2))
        });
        Self {
            decision: text("decision"),
            id: text("id"),
            name: text("name"),
            detail: text("detail"),
            row: text("row"),
            remote: text("remote"),
            fields: fields.collect(),
            document: text("document"),
            document_id: text("document_id"),
            first_page: json::number(value, "first_page"),
            page_count: json::number(value, "page_count"),
            sha256: text("sha256"),
            country: text("country"),
            region: text("region"),
            number: text("number"),
            reason: text("reason"),
            signed: text("signed"),
            expires: text("expires"),
            recipient: text("recipient"),
            certificate: Value::Null,
            zones: json::numbers(value, "zones"),
            reasons: json::numbers(value, "reasons"),
        }
    }
}

/// What `plan-ready` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Writes the plan would make.
    pub writes: u64,
    /// Certificates among them.
    pub certificates: u64,
    /// Invitations among them.
    pub invitations: u64,
    /// What was decided how often.
    pub decisions: Vec<CountedDecision>,
}

/// One line of [`Ready::decisions`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountedDecision {
    /// Decision, spelled as in reports.
    pub decision: String,
    /// How often.
    pub count: u64,
}

/// A preview being written down.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Writer<'a> {
    ports: &'a Ports<'a>,
    kind: Operation,
    plan: String,
    hasher: Sha256,
    pending: Vec<Entry>,
    ready: Ready,
}

impl<'a> Writer<'a> {
    /// Opens a plan.
    pub fn open(ports: &'a Ports<'a>, kind: Operation, header: &Header) -> Result<Self, Error> {
        let opened = entry(EntryKind::PlanOpened, kind, "", "", "", header);
        let sequence = ports.journal.append(&[opened]).map_err(journal_error)?;
        let mut hasher = Sha256::new();
        hasher.update(serde_json::to_vec(header).unwrap_or_default());
        Ok(Self {
            ports,
            kind,
            plan: sequence.to_string(),
            hasher,
            pending: Vec::new(),
            ready: Ready::default(),
        })
    }

    /// Adds an item. Items that write count in the digest.
    pub fn add(&mut self, operation: Operation, key: &str, customer: &str, item: &Item) -> Result<(), Error> {
        let entry = entry(EntryKind::PlanItem, operation, &self.plan, key, customer, item);
        if writes(&item.decision) {
            self.ready.writes += 1;
            self.ready.certificates += u64::from(operation == Operation::CreateCertificate);
            self.ready.invitations += u64::from(operation == Operation::SendInvitation);
            // What was read of a certificate is evidence, not something that is written; places on a page may differ by a
            // hair from one reader to the next.
            let written = Item { certificate: Value::Null, ..item.clone() };
            let written = serde_json::to_vec(&written).unwrap_or_default();
            for part in [&[operation as u8], key.as_bytes(), customer.as_bytes(), &written] {
                self.hasher.update((part.len() as u64).to_le_bytes());
                self.hasher.update(part);
            }
        }
        self.pending.push(entry);
        if self.pending.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Closes the plan.
    pub fn close(mut self, decisions: &[DecisionCount]) -> Result<Plan, Error> {
        self.flush()?;
        let digest = format!("sha256:{}", hex(&self.hasher.finalize()));
        self.ready.decisions = decisions
            .iter()
            .map(|count| CountedDecision {
                decision: decision_name(count.decision).to_owned(),
                count: count.count,
            })
            .collect();
        let ready = entry(EntryKind::PlanReady, self.kind, &self.plan, &digest, "", &self.ready);
        self.ports.journal.append(&[ready]).map_err(journal_error)?;
        Ok(Plan {
            digest,
            writes: self.ready.writes,
            certificates: self.ready.certificates,
            invitations: self.ready.invitations,
        })
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.ports.journal.append(&self.pending).map_err(journal_error)?;
        self.pending.clear();
        Ok(())
    }
}

/// Builds an entry with a JSON body and no outcome.
#[must_use]
pub fn entry(
    kind: EntryKind,
    operation: Operation,
    plan: &str,
    key: &str,
    customer: &str,
    body: &impl Serialize,
) -> Entry {
    Entry {
        kind,
        operation,
        plan: plan.to_owned(),
        key: bounded(key),
        customer: bounded(customer),
        state: None,
        body: serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned()),
    }
}

/// A key that the journal takes: one that is too long keeps its beginning and gets its hash.
fn bounded(key: &str) -> String {
    if key.len() <= KEY_MAX {
        return key.to_owned();
    }
    let begin: String = key.chars().take(40).collect();
    format!("{begin}…{}", sha256_hex(key.as_bytes()))
}

/// A plan that was closed, found again.
#[derive(Debug, Clone)]
pub struct Found {
    /// Sequence number that names it.
    pub name: String,
    /// What was confirmed.
    pub plan: Plan,
    /// What it is about.
    pub header: Header,
    /// What was decided how often.
    pub decisions: Vec<CountedDecision>,
}

impl Found {
    /// Checks that what was confirmed is what would happen: same company, same service, same settings.
    pub fn is_still(&self, header: &Header) -> Result<(), Error> {
        if self.header == *header {
            return Ok(());
        }
        let digest = self.plan.digest.clone();
        Err(Error::PlanMismatch(PlanMismatch { current: Some(digest.clone()), given: digest }))
    }
}

/// What a plan is about, if there is such a plan.
pub fn header(ports: &Ports<'_>, kind: Operation, name: &str) -> Result<Option<Header>, Error> {
    let opened = Query { kind: Some(EntryKind::PlanOpened), after: before(name), limit: 1, ..query(kind) };
    let opened = ports.journal.read(&opened).map_err(journal_error)?.into_iter().next();
    let body = opened.filter(|it| it.sequence.to_string() == name).and_then(|it| body(&it).ok());
    Ok(body.map(|it| Header {
        option: json::text(&it, "option"),
        company_id: json::number(&it, "company_id"),
        base_url: json::text(&it, "base_url"),
        settings: json::text(&it, "settings"),
    }))
}

/// Finds the newest plan of a kind and checks that it is the one that was confirmed, for the same purpose.
pub fn find(ports: &Ports<'_>, kind: Operation, option: &str, digest: &str) -> Result<Found, Error> {
    let mismatch =
        |current: Option<String>| Error::PlanMismatch(PlanMismatch { current, given: digest.to_owned() });
    let newest = Query { backwards: true, limit: 1, kind: Some(EntryKind::PlanReady), ..query(kind) };
    let Some(ready) = ports.journal.read(&newest).map_err(journal_error)?.into_iter().next() else {
        return Err(mismatch(None));
    };
    if ready.entry.key != digest {
        return Err(mismatch(Some(ready.entry.key)));
    }
    let name = ready.entry.plan.clone();
    let header = header(ports, kind, &name)?;
    let Some(header) = header.filter(|header| header.option == option) else {
        return Err(mismatch(Some(ready.entry.key)));
    };
    let summary = body(&ready)?;
    let decisions = json::list(&summary, "decisions")
        .iter()
        .map(|it| CountedDecision { decision: json::text(it, "decision"), count: json::number(it, "count") });
    let plan = Plan {
        digest: ready.entry.key,
        writes: json::number(&summary, "writes"),
        certificates: json::number(&summary, "certificates"),
        invitations: json::number(&summary, "invitations"),
    };
    Ok(Found { name, plan, header, decisions: decisions.collect() })
}

/// Walks the writes of a plan in order, in chunks of at most `size`.
///
/// The handler answers whether to go on.
pub fn walk(
    ports: &Ports<'_>,
    plan: &str,
    operation: Operation,
    size: usize,
    chunk: &mut dyn FnMut(Vec<(Entry, Item)>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut walk = Walk::new(plan, operation, size);
    while let Some(found) = walk.next(ports)? {
        if !chunk(found)? {
            break;
        }
    }
    Ok(())
}

/// The same, one chunk when it is asked for.
#[derive(Debug)]
pub struct Walk(Query);

impl Walk {
    /// From the first write on.
    #[must_use]
    pub fn new(plan: &str, operation: Operation, size: usize) -> Self {
        Self(Query {
            kind: Some(EntryKind::PlanItem),
            plan: Some(plan.to_owned()),
            after: before(plan),
            limit: u32::try_from(size.clamp(1, 1000)).unwrap_or(1000),
            ..query(operation)
        })
    }

    /// The next chunk; none after the last one.
    pub fn next(&mut self, ports: &Ports<'_>) -> Result<Option<Vec<(Entry, Item)>>, Error> {
        let Some(read) = read_on(ports, &mut self.0)? else { return Ok(None) };
        let mut found = Vec::with_capacity(read.len());
        for stored in read {
            let item = Item::from(&body(&stored)?);
            if writes(&item.decision) {
                found.push((stored.entry, item));
            }
        }
        Ok(Some(found))
    }
}

/// Reads the next entries that fit a query, and moves it behind them; none at the end. An answer may be shorter than was
/// asked for, so only an empty one is the end.
pub fn read_on(ports: &Ports<'_>, query: &mut Query) -> Result<Option<Vec<StoredEntry>>, Error> {
    let read = ports.journal.read(query).map_err(journal_error)?;
    let Some(last) = read.last() else { return Ok(None) };
    query.after = last.sequence;
    Ok(Some(read))
}

/// A query for one operation from the start; the caller narrows it.
#[must_use]
pub fn query(operation: Operation) -> Query {
    Query {
        kind: None,
        operation: Some(operation),
        plan: None,
        key: None,
        after: 0,
        backwards: false,
        limit: 1000,
    }
}

/// Reads the JSON body of an entry.
pub fn body(stored: &StoredEntry) -> Result<Value, Error> {
    json::parse(stored.entry.body.as_bytes()).map_err(|error| {
        Error::JournalFailed(format!("Journal entry {} cannot be understood: {error}.", stored.sequence))
    })
}

/// The sequence number just before the entry that opened a plan.
fn before(plan: &str) -> u64 {
    plan.parse::<u64>().unwrap_or(0).saturating_sub(1)
}
