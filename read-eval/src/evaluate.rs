//! One certificate: what was read, what became of it, and whose it was taken for.
//!
//! The gravest finding of a certificate, together with the doubt about its customer, is its verdict, as in the
//! product. A document that comes a second time is told here by the product's own means, the sum of its bytes or of its
//! words. Where a file holds several certificates, each is held against the one that was found where it begins; where
//! none was, its fields count as not read, and what became of the certificate that swallowed it became of it.

use std::collections::HashSet;

use ecms_onboarding::certificates::matching::{Finder, Match, Wanted};
use ecms_onboarding::certificates::rules::Severity;
use ecms_onboarding::certificates::understand::judge::{self, Finding};
use ecms_onboarding::certificates::understand::record::Certificate;
use ecms_onboarding::model::erp::Customer;
use ecms_onboarding::model::tenant::{CodeSource, Delivery, Scope, Settings};
use serde::Serialize;

use crate::TODAY;
use crate::fields::{self, Agreement, CRITICAL, Compared};
use crate::readings::{Done, Job};
use crate::truth::{Truth, UNKNOWN};
use crate::words::Words;

/// What becomes of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is created without a person.
    Pass,
    /// A person has to look.
    Review,
    /// It is not valid as it stands.
    Fail,
}

impl Verdict {
    /// As `truth.json` spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Review => "review",
            Self::Fail => "fail",
        }
    }

    const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Warn => Self::Pass,
            Severity::Review => Self::Review,
            Severity::Fail => Self::Fail,
        }
    }
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fired {
    /// Its name.
    pub rule: String,
    /// What it alone would make of the certificate; `pass` is a mere warning.
    pub verdict: Verdict,
    /// Its sentence.
    pub text: String,
    /// The words that made it fire.
    pub words: String,
    /// The only state it holds for; empty: all.
    pub region: String,
}

/// A customer that may be the purchaser.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// 0 to 1.
    pub score: f32,
    /// What speaks for it.
    pub why: String,
}

/// Everything about one certificate.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Name by `truth.json`.
    pub id: String,
    /// File that holds it.
    pub file: String,
    /// Whether the file has no text layer.
    pub scan: bool,
    /// Whether it is typed and not spoiled.
    pub clean: bool,
    /// Fault planted, and the rule that has to fire.
    pub fault: Option<(String, String)>,
    /// Form that it is.
    pub form: String,
    /// Form it was taken for; empty if the certificate was not found as one of its own.
    pub form_read: String,
    /// Words.
    pub words: Words,
    /// Fields, those empty on both sides left out.
    pub fields: Vec<Compared>,
    /// What has to become of it, where that is known.
    pub verdict_due: Option<String>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Rules that fired, gravest first.
    pub findings: Vec<Fired>,
    /// Customer it belongs to.
    pub customer: Option<String>,
    /// Customer that was taken without a person.
    pub customer_taken: Option<String>,
    /// Customers that may be the purchaser, best first.
    pub candidates: Vec<Candidate>,
    /// Certificates found in its place.
    pub found: usize,
    /// Pages of the file.
    pub pages: usize,
    /// Seconds that reading the file took; of several certificates in it only the first says them.
    pub seconds: f64,
    /// Whether it was read now.
    pub fresh: bool,
    /// Why it could not be read.
    pub error: Option<String>,
}

impl Outcome {
    /// Whether the form was recognised.
    #[must_use]
    pub fn form_right(&self) -> bool {
        self.form == self.form_read
    }

    /// Whether the best candidate is the right one; nobody's certificate is right if no customer was taken.
    #[must_use]
    pub fn customer_right(&self) -> bool {
        match &self.customer {
            Some(code) => self.candidates.first().is_some_and(|it| it.code == *code),
            None => self.customer_taken.is_none(),
        }
    }

    /// Whether the right customer was found without a person.
    #[must_use]
    pub fn customer_automatic(&self) -> bool {
        self.customer.is_some() && self.customer_taken == self.customer
    }

    /// Fields that agree in this way.
    #[must_use]
    pub fn count(&self, agreement: Agreement) -> usize {
        self.fields.iter().filter(|it| it.agreement == agreement).count()
    }

    /// What is wrong with a certificate that nobody looks at: names of fields, `customer`.
    #[must_use]
    pub fn wrongly_accepted(&self) -> Vec<&'static str> {
        if self.verdict != Verdict::Pass {
            return Vec::new();
        }
        let wrong = self.fields.iter().filter(|it| it.agreement == Agreement::Wrong);
        let mut wrong: Vec<&'static str> =
            wrong.map(|it| it.field).filter(|field| CRITICAL.contains(field)).collect();
        if self.customer_taken != self.customer {
            wrong.push("customer");
        }
        if self.found == 0 {
            wrong.push("certificate");
        }
        wrong
    }

    /// Whether a planted fault was caught by its rule; none if there is no fault.
    #[must_use]
    pub fn caught(&self) -> Option<bool> {
        let (_, rule) = self.fault.as_ref()?;
        Some(self.verdict != Verdict::Pass && self.findings.iter().any(|it| it.rule == *rule))
    }
}

/// What came out, in the order of the jobs.
#[must_use]
pub fn outcomes(jobs: &[Job<'_>], done: &[Done], customers: &[Customer]) -> Vec<Outcome> {
    let matches = matches(done, customers);
    let mut matches = matches.iter();
    let mut before: HashSet<&str> = HashSet::new();
    let mut outcomes = Vec::new();
    for (job, done) in jobs.iter().zip(done) {
        let own: Vec<Seen<'_>> =
            done.certificates.iter().zip(matches.by_ref()).map(|(it, found)| Seen::new(it, found)).collect();
        let same_file = !before.insert(&done.sha256);
        let seen: Vec<Seen<'_>> = own
            .into_iter()
            .map(|it| Seen { again: !before.insert(&it.certificate.fingerprint) || same_file, ..it })
            .collect();
        for (at, truth) in job.truths.iter().enumerate() {
            let words = done.words.get(at).copied().unwrap_or_default();
            let seconds = if at == 0 { done.seconds } else { 0.0 };
            let pages = if at == 0 { done.pages } else { 0 };
            let outcome = outcome(truth, in_place(job, at, &seen), done);
            outcomes.push(Outcome { words, seconds, pages, ..outcome });
        }
    }
    outcomes
}

/// A certificate that was found, and whose it was taken for.
struct Seen<'a> {
    certificate: &'a Certificate,
    found: &'a Match,
    again: bool,
}

impl<'a> Seen<'a> {
    const fn new(certificate: &'a Certificate, found: &'a Match) -> Self {
        Self { certificate, found, again: false }
    }
}

/// Certificates that begin on the pages of one that a file holds, and the one that swallowed it if there are none.
fn in_place<'s, 'a>(
    job: &Job<'_>,
    at: usize,
    seen: &'s [Seen<'a>],
) -> (&'s [Seen<'a>], Option<&'s Seen<'a>>) {
    let first = |at: usize| if at == 0 { Some(0) } else { job.truths.get(at).map(|it| it.first_page) };
    let (from, to) = (first(at).unwrap_or_default(), first(at + 1).unwrap_or(usize::MAX));
    let begin = seen.partition_point(|it| it.certificate.first_page < from);
    let end = seen.partition_point(|it| it.certificate.first_page < to);
    let own = seen.get(begin..end).unwrap_or_default();
    let swallowed = begin.checked_sub(1).and_then(|before| seen.get(before)).filter(|_| own.is_empty());
    (own, swallowed)
}

fn outcome(truth: &Truth, (own, swallowed): (&[Seen<'_>], Option<&Seen<'_>>), done: &Done) -> Outcome {
    let first = own.first();
    let mut findings: Vec<Fired> = own.iter().chain(swallowed).flat_map(fired).collect();
    if let Some(why) = &done.error {
        let (words, region) = (String::new(), String::new());
        findings.push(Fired {
            rule: "unreadable".to_owned(),
            verdict: Verdict::Review,
            text: why.clone(),
            words,
            region,
        });
    }
    findings.sort_by(|one, other| other.verdict.cmp(&one.verdict));
    let form = first.map(|it| it.certificate.form.map_or(UNKNOWN, |form| form.id));
    let candidates = first.map(|it| it.found.candidates.as_slice()).unwrap_or_default();
    let candidate = |it: &ecms_onboarding::certificates::matching::Candidate| Candidate {
        code: it.code.clone(),
        name: it.name.clone(),
        score: it.score,
        why: it.why.clone(),
    };
    Outcome {
        id: truth.id.clone(),
        file: truth.file.clone(),
        scan: truth.is_scan(),
        clean: truth.clean,
        fault: truth.fault.as_ref().map(|fault| (fault.kind.clone(), fault.rule.clone())),
        form: truth.form().to_owned(),
        form_read: form.unwrap_or_default().to_owned(),
        words: Words::default(),
        fields: fields::compare(truth, first.map(|it| it.certificate)),
        verdict_due: truth.verdict.clone(),
        verdict: findings.iter().map(|it| it.verdict).max().unwrap_or(Verdict::Pass),
        findings,
        customer: truth.customer_code.clone(),
        customer_taken: first.and_then(|it| it.found.sure()).map(|it| it.code.clone()),
        candidates: candidates.iter().map(candidate).collect(),
        found: own.len(),
        pages: 0,
        seconds: 0.0,
        fresh: done.fresh,
        error: done.error.clone(),
    }
}

/// Rules that fired on a certificate.
fn fired(seen: &Seen<'_>) -> Vec<Fired> {
    let one = |it: &Finding| Fired {
        rule: it.rule.to_owned(),
        verdict: Verdict::of(judge::verdict(core::slice::from_ref(it), "")),
        text: it.text.clone(),
        words: it.words.clone(),
        region: it.region.clone(),
    };
    let mut fired: Vec<Fired> = seen.certificate.findings.iter().chain(&seen.found.doubt).map(one).collect();
    if seen.again {
        fired.push(Fired {
            rule: "duplicate".to_owned(),
            verdict: Verdict::Review,
            text: "The same certificate came before.".to_owned(),
            words: String::new(),
            region: String::new(),
        });
    }
    fired
}

/// Whose the certificates are, in their order.
fn matches(done: &[Done], customers: &[Customer]) -> Vec<Match> {
    let certificates = done.iter().flat_map(|it| &it.certificates);
    let wanted: Vec<Wanted<'_>> =
        certificates.map(|certificate| Wanted { certificate, attached_to: None, chosen: None }).collect();
    let settings = settings();
    let mut finder = Finder::new(&wanted);
    for customer in customers {
        finder.meet(customer, &settings);
    }
    finder.finish()
}

/// Settings under which a customer's code is its code; nothing else of them matters here.
fn settings() -> Settings {
    Settings {
        base_url: String::new(),
        company_code: String::new(),
        code_source: CodeSource::Code,
        scope: Scope::All,
        delivery: Delivery::Email,
        cover_letter: String::new(),
        page_size: 100,
        batch_size: 10,
        window: 1,
        patience: 1,
        today: TODAY.to_owned(),
        seller_names: Vec::new(),
        terms: Vec::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ecms_onboarding::certificates::rules::Field;
    use ecms_onboarding::certificates::understand::values::{How, Value};

    use super::*;

    /// A document that is right in everything.
    pub(crate) fn outcome(id: &str) -> Outcome {
        let candidate = Candidate {
            code: "C1".to_owned(),
            name: "Heron".to_owned(),
            score: 1.0,
            why: "same name".to_owned(),
        };
        Outcome {
            id: id.to_owned(),
            file: format!("{id}.pdf"),
            scan: false,
            clean: false,
            fault: None,
            form: "mtc".to_owned(),
            form_read: "mtc".to_owned(),
            words: Words { truth: 2, read: 2, same: 2 },
            fields: vec![field("purchaser_name", Agreement::Exact)],
            verdict_due: Some("pass".to_owned()),
            verdict: Verdict::Pass,
            findings: Vec::new(),
            customer: Some("C1".to_owned()),
            customer_taken: Some("C1".to_owned()),
            candidates: vec![candidate],
            found: 1,
            pages: 2,
            seconds: 1.0,
            fresh: true,
            error: None,
        }
    }

    pub(crate) fn field(field: &'static str, agreement: Agreement) -> Compared {
        let (truth, read) = ("this".to_owned(), "that".to_owned());
        Compared { field, truth, read, how: Some("label"), confidence: Some(0.5), agreement }
    }

    fn certificate(name: &str, first_page: usize, fingerprint: &str) -> Certificate {
        let mut certificate =
            Certificate { first_page, fingerprint: fingerprint.to_owned(), ..Certificate::default() };
        for (field, text) in [
            (Field::Purchaser, name),
            (Field::Street, "1 Dock Road"),
            (Field::PostalCode, "54235"),
            (Field::AddressState, "WI"),
        ] {
            let (text, raw) = (text.to_owned(), text.to_owned());
            certificate.put(Value {
                field,
                text,
                raw,
                page: 0,
                area: None,
                how: How::Label,
                confidence: 1.0,
            });
        }
        certificate
    }

    fn truth(id: &str, file: &str, name: &str, first_page: usize) -> Truth {
        let json = format!(
            r#"{{"id": "{id}", "file": "{file}", "layout": "unknown", "customer_code": "C1",
                "first_page": {first_page}, "fields": {{"purchaser_name": "{name}"}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn customers() -> Vec<Customer> {
        let folder = tempfile::tempdir().unwrap();
        let rows = r#"{"customers": [{"code": "C1", "name": "Heron Marine, L.L.C.", "line1": "1 Dock Rd",
            "city": "Sturgeon Bay", "region": "WI", "postal_code": "54235", "country": "US", "email": null}]}"#;
        std::fs::write(folder.path().join("customers.json"), rows).unwrap();
        crate::truth::customers(folder.path()).unwrap()
    }

    fn done(sha256: &str, certificates: Vec<Certificate>) -> Done {
        Done { certificates, sha256: sha256.to_owned(), pages: 2, ..Done::default() }
    }

    fn rules(outcome: &Outcome) -> Vec<&str> {
        outcome.findings.iter().map(|it| it.rule.as_str()).collect()
    }

    #[test]
    fn each_certificate_of_a_file_is_held_against_its_own() {
        let truths = [truth("a", "x.pdf", "Heron Marine LLC", 0), truth("b", "x.pdf", "Otter Mills", 1)];
        let jobs = crate::readings::jobs(&truths, "");
        let both = vec![certificate("Heron Marine LLC", 0, "1"), certificate("Otter Mills", 1, "2")];
        let found = outcomes(&jobs, &[done("s", both)], &customers());
        assert_eq!((found[0].found, found[1].found, found[1].form_right()), (1, 1, true));
        assert!(found[0].customer_automatic());
        assert!(!found[1].customer_automatic());
        assert_eq!(rules(&found[1]), ["same-address-other-entity"]);
        assert_eq!(found[1].fields[0].agreement, Agreement::Exact);
        assert_eq!((found[0].pages, found[1].pages), (2, 0), "pages count once");
    }

    #[test]
    fn a_certificate_that_another_swallowed_was_not_read() {
        let truths = [truth("a", "x.pdf", "Heron Marine LLC", 0), truth("b", "x.pdf", "Heron Marine LLC", 1)];
        let jobs = crate::readings::jobs(&truths, "");
        let one = vec![certificate("Heron Marine LLC", 0, "1")];
        let found = outcomes(&jobs, &[done("s", one)], &customers());
        assert_eq!((found[1].found, found[1].fields[0].agreement), (0, Agreement::Unread));
        assert_eq!(found[1].verdict, Verdict::Pass);
        assert_eq!(found[1].wrongly_accepted(), ["customer", "certificate"]);
    }

    #[test]
    fn the_same_again_is_told_by_bytes_and_by_words() {
        let truths = ["a", "b", "c", "d"].map(|id| truth(id, &format!("{id}.pdf"), "Heron Marine LLC", 0));
        let jobs = crate::readings::jobs(&truths, "");
        let one = |print: &str| vec![certificate("Heron Marine LLC", 0, print)];
        let files = [done("s", one("1")), done("s", one("2")), done("t", one("1")), done("u", one("3"))];
        let found = outcomes(&jobs, &files, &customers());
        let again: Vec<bool> = found.iter().map(|it| rules(it).contains(&"duplicate")).collect();
        assert_eq!(again, [false, true, true, false]);
        assert_eq!((found[0].verdict, found[1].verdict), (Verdict::Pass, Verdict::Review));
    }

    #[test]
    fn what_cannot_be_read_waits_for_a_person() {
        let truths = [truth("a", "a.pdf", "Heron Marine LLC", 0)];
        let jobs = crate::readings::jobs(&truths, "");
        let broken = Done { error: Some("it is encrypted".to_owned()), ..Done::default() };
        let found = outcomes(&jobs, &[broken], &customers());
        assert_eq!((rules(&found[0]), found[0].verdict), (vec!["unreadable"], Verdict::Review));
        assert!(!found[0].form_right() && !found[0].customer_right());
        assert_eq!(found[0].wrongly_accepted(), [""; 0]);
    }
}
