//! Whether a certificate can be used: the checks of a careful tax clerk, each with a name, a gravity, and its evidence.
//!
//! A certificate without a finding graver than a warning passes. Findings about one state of a multi-state form hold
//! back that state alone. The names of the rules are part of reports and journals and do not change.

use crate::certificates::rules::{Expiry, Field, Form, NumberRule, STATES, Severity, StateRules, States};
use crate::certificates::understand::record::{Certificate, Coverage, Scope, Seen};
use crate::certificates::understand::text::{Sheet, overlap};
use crate::certificates::understand::values::{How, Value};
use crate::certificates::understand::{dates, expiry, numbers, reasons::government};
use crate::certificates::{names, rules::BoxMeaning};
use crate::geography;
use crate::model::ocr::{MarkKind, Rectangle};
use crate::model::tenant::Term;
use crate::order;

/// Values less sure than this go before a person.
const SURE: f32 = 0.75;
/// Fewer words than any form has.
const FEW_WORDS: usize = 25;
/// Sellers more alike than this are the same.
const SAME_SELLER: f32 = 0.8;
/// Ids of the forms that several states take.
const MULTI_STATE: [&str; 2] = ["sst-f0003", "mtc"];

/// What a certificate is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Today, `YYYY-MM-DD`.
    pub today: &'a str,
    /// Names under which the company sells; none: sellers are not compared.
    pub seller_names: &'a [String],
    /// Terms of certificates that name no last day.
    pub terms: &'a [Term],
}

/// One thing that is wrong or odd.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Name of the rule, e.g. `signature-missing`.
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
    /// The words that made the rule fire, may be empty.
    pub words: String,
    /// Page, from 0.
    pub page: usize,
    /// Where those words stand.
    pub area: Option<Rectangle>,
    /// The only state it holds for; empty if it holds for the whole certificate.
    pub region: String,
}

/// What is to be done with a certificate, or with one state of it.
#[must_use]
pub fn verdict(findings: &[Finding], region: &str) -> Severity {
    let own = findings.iter().filter(|it| it.region.is_empty() || it.region == region || region.is_empty());
    own.map(|it| it.severity).max().unwrap_or(Severity::Warn)
}

/// Collects findings.
struct Bench<'a> {
    findings: Vec<Finding>,
    certificate: &'a Certificate,
}

impl Bench<'_> {
    fn add(&mut self, rule: &'static str, severity: Severity, text: String, value: Option<&Value>) {
        self.findings.push(Finding {
            rule,
            severity,
            text,
            words: value.map(|value| value.raw.chars().take(200).collect()).unwrap_or_default(),
            page: value.map_or(self.certificate.first_page, |value| value.page),
            area: value.and_then(|value| value.area),
            region: String::new(),
        });
    }

    fn about(&mut self, coverage: &Coverage, rule: &'static str, severity: Severity, text: String) {
        self.findings.push(Finding {
            rule,
            severity,
            text,
            words: coverage.number.clone(),
            page: coverage.page,
            area: coverage.area,
            region: coverage.region.clone(),
        });
    }
}

/// All findings, gravest first.
pub(super) fn judge(
    certificate: &Certificate,
    seen: &Seen,
    sheet: &Sheet,
    context: &Context<'_>,
) -> Vec<Finding> {
    let mut bench = Bench { findings: Vec::new(), certificate };
    let form = certificate.form;
    if form.is_none() {
        let text = "The form is not one of those known.".to_owned();
        bench.add("form-unknown", Severity::Review, text, None);
    }
    missing(&mut bench, form, seen);
    seller(&mut bench, context, seen);
    reason(&mut bench, form, seen, sheet);
    scope(&mut bench, form, seen);
    states(&mut bench, form);
    days(&mut bench, form, context, expiry::year_of(sheet));
    sureness(&mut bench, seen, sheet);
    legible(&mut bench, sheet);
    order::sorted(bench.findings, |it| (u64::MAX - it.severity as u64, 0))
}

/// A page without a title names a purchaser: it may be a certificate of its own.
pub(super) fn split_unclear(findings: &mut Vec<Finding>, page: usize) {
    let severity = Severity::Review;
    let milder = findings.iter().position(|it| it.severity < severity).unwrap_or(findings.len());
    findings.insert(
        milder,
        Finding {
            rule: "split-unclear",
            severity,
            text: "A further page names a purchaser but has no title; it may be a certificate of its own."
                .to_owned(),
            words: String::new(),
            page,
            area: None,
            region: String::new(),
        },
    );
}

/// What must be there and is not.
fn missing(bench: &mut Bench<'_>, form: Option<&'static Form>, seen: &Seen) {
    let certificate = bench.certificate;
    // A form that is not known has to have what every certificate has.
    let usual = [
        (Field::Purchaser, Severity::Fail),
        (Field::Street, Severity::Fail),
        (Field::Signed, Severity::Review),
        (Field::Reason, Severity::Review),
    ];
    let require = form.map_or(&usual[..], |form| form.require);
    for (field, severity) in require {
        let empty = certificate.text(*field).is_empty();
        let (rule, text) = match field {
            Field::Purchaser if empty => ("purchaser-missing", "The purchaser's name is missing."),
            Field::Street | Field::Place if empty && certificate.text(Field::PostalCode).is_empty() => {
                ("address-missing", "The purchaser's address is missing.")
            }
            Field::Seller if empty => ("seller-missing", "The seller's name is missing."),
            Field::Description if empty && ticked(seen, |it| *it == BoxMeaning::AllItems) => continue,
            Field::Description if empty => match form.and_then(|form| form.scope) {
                Some(Severity::Fail) => ("section-missing", "It does not say for which items it is."),
                _ => ("description-missing", "What is bought is not described."),
            },
            Field::Business if empty && !ticked(seen, |it| *it == BoxMeaning::Business) => {
                ("business-missing", "The purchaser's kind of business is missing.")
            }
            Field::Signature if seen.signed != Some(true) => {
                ("signature-missing", "The signature is missing.")
            }
            Field::Signed if certificate.value(Field::Signed).is_none() => {
                ("date-missing", "The date is missing.")
            }
            Field::Number => {
                number_missing(bench, *severity);
                continue;
            }
            Field::Expires if empty => ("date-missing", "The last day is missing."),
            _ => continue,
        };
        let label = seen.all.iter().find(|value| value.field == *field);
        bench.add(rule, *severity, text.to_owned(), label);
    }
}

fn ticked(seen: &Seen, is: impl Fn(&BoxMeaning) -> bool) -> bool {
    seen.ticked.iter().any(|it| it.meaning.as_ref().is_some_and(&is))
}

fn number_missing(bench: &mut Bench<'_>, severity: Severity) {
    let certificate = bench.certificate;
    for coverage in certificate.coverage.iter().filter(|it| it.number.is_empty()) {
        let needless = state_rules(&coverage.region)
            .zip(certificate.use_code)
            .is_some_and(|(rules, code)| rules.without_number.contains(code));
        if !needless {
            let text = format!("The number for {} is missing.", state_name(&coverage.region));
            bench.about(coverage, "number-missing", severity, text);
        }
    }
}

fn seller(bench: &mut Bench<'_>, context: &Context<'_>, seen: &Seen) {
    let certificate = bench.certificate;
    let written = certificate.text(Field::Seller);
    if written.is_empty() || context.seller_names.is_empty() {
        return;
    }
    if !context.seller_names.iter().any(|name| names::alike(name, written) >= SAME_SELLER) {
        let text = format!("It is made out to \"{written}\", not to this company.");
        let value = seen.all.iter().find(|value| value.field == Field::Seller);
        bench.add("seller-other", Severity::Review, text, value);
    }
}

fn reason(bench: &mut Bench<'_>, form: Option<&'static Form>, seen: &Seen, sheet: &Sheet) {
    let certificate = bench.certificate;
    let value = certificate.value(Field::Reason);
    let words = value.is_some_and(|value| value.text.chars().filter(|c| c.is_alphabetic()).count() > 1);
    let unclear = ticked(seen, |it| *it == BoxMeaning::ReasonUnclear);
    if certificate.reason_boxes > 1 && certificate.reasons.len() < 2 {
        let text = format!(
            "{} boxes with a reason are ticked; one certificate is for one reason.",
            certificate.reason_boxes
        );
        bench.add("reason-several", Severity::Review, text, value);
    }
    match certificate.reasons.as_slice() {
        [_] => {}
        [] if words || unclear || value.is_some_and(|value| value.how == How::Box) => {
            let text = "What is given as the reason names no reason that is known.".to_owned();
            bench.add("reason-unclear", Severity::Review, text, value);
        }
        [] => bench.add("reason-missing", Severity::Review, "No reason is given.".to_owned(), None),
        several => {
            let boxes = value.is_some_and(|value| value.how == How::Box);
            let text = format!("{} reasons are given; one certificate is for one reason.", several.len());
            bench.add(if boxes { "reason-several" } else { "reason-unclear" }, Severity::Review, text, value);
        }
    }
    let Some(code) = certificate.use_code else { return };
    let refuses = |refused: &str| refused.contains(code);
    if form.is_some_and(|form| refuses(form.refuses)) {
        let text = "The form may not be used for this reason.".to_owned();
        bench.add("reason-not-accepted", Severity::Review, text, value);
    }
    for coverage in &certificate.coverage {
        if state_rules(&coverage.region).is_some_and(|rules| refuses(rules.refuses)) {
            let text =
                format!("{} does not exempt for this reason in most cases.", state_name(&coverage.region));
            bench.about(coverage, "reason-not-accepted", Severity::Review, text);
        }
    }
    let purchaser = certificate.value(Field::Purchaser);
    let government = purchaser.and_then(|value| government(&value.text));
    if form.zip(government).is_some_and(|(form, code)| form.refuses.contains(code)) {
        let text = "A government may not use this form.".to_owned();
        bench.add("reason-scope", Severity::Review, text, purchaser);
    }
    if let Some(attachment) = form.and_then(|form| form.attachment)
        && (attachment.use_codes.is_empty() || refuses(attachment.use_codes))
        && !comes_along(sheet, certificate.first_page, attachment.seen_by)
    {
        bench.add("attachment-required", Severity::Review, format!("{}.", attachment.what), value);
    }
}

/// Whether a further page holds one of these phrases.
fn comes_along(sheet: &Sheet, first_page: usize, phrases: &[&str]) -> bool {
    let further: String = sheet
        .tokens
        .iter()
        .filter(|token| token.page > first_page)
        .map(|token| token.plain.as_str())
        .collect();
    phrases.iter().any(|phrase| further.contains(phrase))
}

fn scope(bench: &mut Bench<'_>, form: Option<&'static Form>, seen: &Seen) {
    let certificate = bench.certificate;
    if let (Some(severity), Scope::Unknown) = (form.and_then(|form| form.scope), certificate.scope) {
        let rule = if severity == Severity::Fail { "section-missing" } else { "scope-missing" };
        let text = "It is not marked for how many purchases it is.".to_owned();
        bench.add(rule, severity, text, None);
    }
    let single = certificate.scope == Scope::Single || form.is_some_and(|form| form.single);
    if single && certificate.text(Field::Order).is_empty() {
        let text = "It is for a single purchase but names no order or invoice.".to_owned();
        let value = seen.all.iter().find(|value| value.field == Field::Order);
        // A form without a place for it cannot be blamed, but somebody has to supply it.
        let severity = if value.is_some() { Severity::Fail } else { Severity::Review };
        bench.add("single-without-order", severity, text, value);
    }
    let percentage = certificate.value(Field::Percentage);
    match percentage.map(|value| value.text.as_str()) {
        Some("100") => {}
        Some(percent) => {
            let text =
                format!("Only {percent} percent are exempt; the certificate has to be entered by hand.");
            bench.add("percentage-partial", Severity::Review, text, percentage);
        }
        None if asks_percentage(seen) => {
            let text = "A share of the purchases is exempt, but the percentage is missing.".to_owned();
            bench.add("percentage-missing", Severity::Review, text, None);
        }
        None => {}
    }
}

/// Whether a ticked box is for a share of the purchases.
fn asks_percentage(seen: &Seen) -> bool {
    seen.ticked.iter().any(|it| {
        it.meaning == Some(BoxMeaning::Percentage) || it.caption.to_ascii_lowercase().contains("percentage")
    })
}

/// What is known of a state.
#[must_use]
pub fn state_rules(region: &str) -> Option<&'static StateRules> {
    STATES.iter().find(|rules| rules.region == region)
}

fn state_name(region: &str) -> &str {
    geography::region_name("US", region).unwrap_or(region)
}

fn states(bench: &mut Bench<'_>, form: Option<&'static Form>) {
    let certificate = bench.certificate;
    if certificate.coverage.is_empty() {
        let text = "It does not say for which state it is.".to_owned();
        bench.add("state-missing", Severity::Review, text, None);
    }
    for (at, coverage) in certificate.coverage.iter().enumerate() {
        let rules = state_rules(&coverage.region);
        let multi = form.map(|form| form.id).filter(|id| MULTI_STATE.contains(id));
        if let (Some(id), Some(rules)) = (multi, rules) {
            let doubt = if rules.disputed.contains(&id) {
                Some("is said not to take this form")
            } else if !rules.accepts.contains(&id) {
                Some("does not take this form")
            } else {
                None
            };
            if let Some(doubt) = doubt {
                let text = format!("{} {doubt}.", state_name(&coverage.region));
                bench.about(coverage, "state-not-accepting", Severity::Review, text);
            }
        }
        let own = form.filter(|form| form.states != States::Table).and_then(|form| form.number);
        let rule: Option<NumberRule> = own.or_else(|| rules.and_then(|rules| rules.number));
        if let Some(rule) = rule.filter(|_| !coverage.number.is_empty())
            && !numbers::fits(&coverage.number, &rule)
        {
            let wanted = rule.patterns.join(" or ");
            let text = format!(
                "\"{}\" is no number of {}: it has to look like {wanted}, 9 for a digit.",
                coverage.number,
                state_name(&coverage.region)
            );
            // A number that was read from a picture may be misread.
            let least = if coverage.confidence < 1.0 { Severity::Review } else { Severity::Warn };
            bench.about(coverage, "number-format", rule.severity.max(least), text);
        }
        let before = certificate.coverage.get(..at).unwrap_or_default();
        if before.iter().any(|it| it.region == coverage.region && it.number != coverage.number) {
            let text = format!("{} stands there twice with two numbers.", state_name(&coverage.region));
            bench.about(coverage, "number-format", Severity::Review, text);
        }
    }
}

fn days(bench: &mut Bench<'_>, form: Option<&'static Form>, context: &Context<'_>, annual: Option<u32>) {
    let certificate = bench.certificate;
    for field in [Field::Signed, Field::Effective, Field::Expires] {
        let Some(value) = certificate.value(field).filter(|value| value.how != How::Rule) else { continue };
        match dates::read(&value.raw) {
            None if value.text.is_empty() => {
                let text = format!("\"{}\" cannot be read as a date.", value.raw);
                bench.add("date-unreadable", Severity::Review, text, Some(value));
            }
            Some(date) if date.ambiguous && value.how != How::Person => {
                let text = format!("\"{}\" is taken for {} but could be another day.", value.raw, date.iso);
                bench.add("date-ambiguous", Severity::Review, text, Some(value));
            }
            _ => {}
        }
    }
    let signed = certificate.signed_on();
    let expires = certificate.value(Field::Expires).filter(|value| !value.text.is_empty());
    if signed > context.today {
        let text = format!("It is signed in the future, on {signed}.");
        bench.add("signed-in-future", Severity::Fail, text, certificate.value(Field::Signed));
    }
    if let Some(value) = expires {
        let day = value.text.as_str();
        if day < context.today {
            bench.add("expired", Severity::Fail, format!("It ended on {day}."), Some(value));
        }
        if !signed.is_empty() && day < signed {
            let text = format!("It ends on {day}, before it was signed on {signed}.");
            bench.add("expiry-before-signed", Severity::Fail, text, Some(value));
        }
        if let Some(Expiry::Years(years)) = form.map(|form| form.expiry)
            && dates::years_later(signed, years.into()).is_some_and(|last| day > last.as_str())
        {
            let text = format!("It ends on {day}, more than {years} years after it was signed.");
            bench.add("expiry-too-long", Severity::Fail, text, Some(value));
        }
        let year = day.get(..4).and_then(|year| year.parse::<u32>().ok());
        let printed = value.how != How::Rule;
        if let (true, Some(Expiry::NumberYear), Some(own)) =
            (printed, form.map(|form| form.expiry), expiry::number_year(certificate))
            && year != Some(own)
        {
            let text = format!("It ends in {}, but its number says {own}.", day.get(..4).unwrap_or_default());
            bench.add("expiry-mismatch", Severity::Fail, text, Some(value));
        }
        let ends_with_year = day.ends_with("-12-31") && (annual.is_none() || annual == year);
        if let (Some(Expiry::YearEnd), false) = (form.map(|form| form.expiry), ends_with_year) {
            let text =
                format!("It ends on {day}; certificates of this kind end with the year in their title.");
            bench.add("expiry-mismatch", Severity::Fail, text, Some(value));
        }
    }
    if let Some(Expiry::WarnAfterYears(years)) = form.map(|form| form.expiry)
        && dates::years_later(signed, years.into()).is_some_and(|last| last.as_str() < context.today)
    {
        let text = format!("It was signed more than {years} years ago; ask whether it still holds.");
        bench.add("renewal-due", Severity::Warn, text, certificate.value(Field::Signed));
    }
}

/// Whether what the certificate rests on was read surely and stands as it was written.
fn sureness(bench: &mut Bench<'_>, seen: &Seen, sheet: &Sheet) {
    let certificate = bench.certificate;
    let counts = |field: Field| {
        matches!(
            field,
            Field::Purchaser
                | Field::Street
                | Field::PostalCode
                | Field::Number
                | Field::State
                | Field::Reason
                | Field::Signed
                | Field::Expires
                | Field::Seller
                | Field::Percentage
        )
    };
    for value in certificate.values.iter().filter(|value| counts(value.field)) {
        if value.confidence < SURE {
            let text = format!("\"{}\" was not read surely.", value.raw.chars().take(60).collect::<String>());
            bench.add("low-confidence", Severity::Review, text, Some(value));
        }
        let struck = value.area.is_some_and(|area| is_struck(sheet, value.page, &area));
        if struck && value.how != How::Box {
            let text = format!("\"{}\" is struck out.", value.raw.chars().take(60).collect::<String>());
            bench.add("struck-out", Severity::Review, text, Some(value));
        }
    }
    for coverage in &certificate.coverage {
        if coverage.confidence < SURE && !coverage.number.is_empty() {
            let text = format!("\"{}\" was not read surely.", coverage.number);
            bench.about(coverage, "low-confidence", Severity::Review, text);
        }
        if coverage.area.is_some_and(|area| is_struck(sheet, coverage.page, &area)) {
            let text = format!("\"{}\" is struck out.", coverage.number);
            bench.about(coverage, "struck-out", Severity::Review, text);
        }
    }
    for it in seen.ticked.iter().filter(|it| it.confidence < SURE && it.meaning.is_some()) {
        bench.findings.push(Finding {
            rule: "low-confidence",
            severity: Severity::Review,
            text: format!(
                "It is not sure whether \"{}\" is ticked.",
                it.caption.chars().take(60).collect::<String>()
            ),
            words: it.caption.clone(),
            page: it.page,
            area: Some(it.area),
            region: String::new(),
        });
    }
}

/// Whether the page as a whole could be read.
fn legible(bench: &mut Bench<'_>, sheet: &Sheet) {
    let words = sheet.tokens.iter().filter(|token| !token.plain.is_empty());
    let (count, unsure) = words.fold((0_usize, 0_usize), |(count, unsure), token| {
        (count + 1, unsure + usize::from(token.confidence < SURE))
    });
    if count < FEW_WORDS || unsure * 4 > count {
        bench.add("low-confidence", Severity::Review, "The page is hardly legible.".to_owned(), None);
    }
}

fn is_struck(sheet: &Sheet, page: usize, area: &Rectangle) -> bool {
    sheet.marks.iter().any(|(on, mark)| {
        *on == page
            && mark.kind == MarkKind::Strike
            && overlap((mark.area.left, mark.area.right), (area.left, area.right)) > 0.5
            && overlap((mark.area.top, mark.area.bottom), (area.top, area.bottom)) > 0.5
    })
}
