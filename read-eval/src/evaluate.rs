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

    /// What is wrong with a certificate that nobody looks at: names of fields, `customer`, `certificate`.
    #[must_use]
    pub fn wrongly_accepted(&self) -> Vec<&'static str> {
        let mut wrong = self.accepted(Agreement::Wrong);
        if self.verdict == Verdict::Pass {
            wrong.extend((self.customer_taken != self.customer).then_some("customer"));
            wrong.extend((self.found == 0).then_some("certificate"));
        }
        wrong
    }

    /// Fields that stand on a certificate which nobody looks at and were not read.
    #[must_use]
    pub fn accepted_without(&self) -> Vec<&'static str> {
        self.accepted(Agreement::Unread)
    }

    /// Fields that matter and agree in this way on a certificate that passes.
    fn accepted(&self, agreement: Agreement) -> Vec<&'static str> {
        let fields =
            self.fields.iter().filter(|it| it.agreement == agreement && self.verdict == Verdict::Pass);
        fields.map(|it| it.field).filter(|field| CRITICAL.contains(field)).collect()
    }

    /// Whether a planted fault was caught by its rule, and not with a mere warning; none if there is no fault.
    #[must_use]
    pub fn caught(&self) -> Option<bool> {
        let (_, rule) = self.fault.as_ref()?;
        Some(self.findings.iter().any(|it| it.rule == *rule && it.verdict != Verdict::Pass))
    }
}

/// What came out, in the order of the jobs.
#[must_use]
pub fn outcomes(jobs: &[Job<'_>], done: &[Done], customers: &[Customer]) -> Vec<Outcome> {
    let matches = matches(done, customers);
    let mut matches = matches.iter();
    let mut before: HashSet<&str> = HashSet::new();
    let mut places: HashSet<String> = HashSet::new();
    let mut outcomes = Vec::new();
    for (job, done) in jobs.iter().zip(done) {
        let own: Vec<Seen<'_>> =
            done.certificates.iter().zip(matches.by_ref()).map(|(it, found)| Seen::new(it, found)).collect();
        let same_file = !before.insert(&done.sha256);
        let seen: Vec<Seen<'_>> = own
            .into_iter()
            .map(|it| {
                let words = &it.certificate.fingerprint;
                let same_words = !words.is_empty() && !before.insert(words);
                // As the component plans: a second certificate of a customer for the same state and reason waits.
                let same_place =
                    it.places().into_iter().filter(|place| !places.insert(place.clone())).count() > 0;
                Seen { again: same_words || same_file || same_place, ..it }
            })
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

    /// Customer, state and reason of what would be created, if it were the first.
    fn places(&self) -> Vec<String> {
        let passes = judge::verdict(&self.certificate.findings, "") == Severity::Warn;
        let Some(candidate) = self.found.sure().filter(|_| passes) else { return Vec::new() };
        let code = self.certificate.use_code.unwrap_or(' ');
        let regions = self.certificate.coverage.iter().map(|it| it.region.as_str());
        regions.map(|region| format!("{}\n{region}\n{code}", candidate.code)).collect()
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
    findings.sort_by_key(|it| core::cmp::Reverse(it.verdict));
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
        settling: 0,
        today: TODAY.to_owned(),
        seller_names: Vec::new(),
        terms: Vec::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
