//! What can be wrong with a certificate, one fault to a document, with the rule that has to say so.
//!
//! A fault starts from a certificate that is right in every respect and changes one thing. Whatever the generic
//! checks only warn of is not planted here, because a warning changes nothing about what becomes of a certificate.

use super::{
    case::{Case, Form, Row},
    dates::Day,
    truth::Verdict::{self, Fail, Review},
};

/// What has to be arranged outside the certificate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing.
    Plain,
    /// The purchaser is not among the customers.
    Stranger,
    /// Two customers are equally like the purchaser.
    Twins,
    /// Only somebody else at its address is a customer.
    Neighbour,
    /// The same bytes come twice.
    SameBytes,
    /// The same certificate comes twice, saved differently.
    SameWords,
    /// A page without title about another purchaser follows.
    Untitled,
    /// The scan is blurred beyond reading.
    Blurred,
}

/// A fault.
pub(crate) struct Planted {
    pub(crate) kind: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) form: Form,
    pub(crate) verdict: Verdict,
    pub(crate) stage: Stage,
    pub(crate) plant: fn(&mut Case),
}

const fn fault(
    kind: &'static str,
    rule: &'static str,
    form: Form,
    verdict: Verdict,
    plant: fn(&mut Case),
) -> Planted {
    Planted { kind, rule, form, verdict, stage: Stage::Plain, plant }
}

const fn staged(
    kind: &'static str,
    rule: &'static str,
    form: Form,
    verdict: Verdict,
    stage: Stage,
) -> Planted {
    Planted { kind, rule, form, verdict, stage, plant: |_| {} }
}

fn no_reason(case: &mut Case) {
    case.boxes.retain(|key| {
        !(key.starts_with("reason:") || key.starts_with("ga:") || key.starts_with("pa:"))
            && (!key.starts_with("mi:") || *key == "mi:all")
    });
    case.clear(&["reason_text"]);
    case.reason = ' ';
    case.reason_words.clear();
}

fn reason(case: &mut Case, code: char, tick: Option<&'static str>, words: &str) {
    no_reason(case);
    case.boxes.extend(tick);
    case.reason = code;
    words.clone_into(&mut case.reason_words);
    case.set("reason_text", words);
}

fn unsigned(case: &mut Case) {
    case.signature = false;
}

fn undated(case: &mut Case) {
    case.clear(&["date"]);
    case.signed_iso = None;
}

fn dated(case: &mut Case, day: Day) {
    case.signed = day;
    case.signed_iso = Some(day.iso());
    case.set("date", day.spelled(1));
}

fn written(case: &mut Case, date: &str) {
    case.set("date", date);
    case.signed_iso = None;
}

fn ends(case: &mut Case, day: Day) {
    case.expires = Some(day);
    case.set("expires", day.spelled(1));
}

fn other_seller(case: &mut Case) {
    case.set("seller", "Pretend Fasteners Warehouse Co.");
}

fn single(case: &mut Case) {
    case.boxes.remove("blanket");
    case.boxes.remove("blanket-until");
    case.boxes.insert("single");
    case.clear(&["order"]);
}

fn until(case: &mut Case, signed: Day, last: Day) {
    case.boxes.remove("single");
    case.boxes.remove("blanket");
    case.boxes.insert("blanket-until");
    case.clear(&["order"]);
    dated(case, signed);
    ends(case, last);
}

fn michigan_share(case: &mut Case, tick: &'static str, code: char, percentage: &str) {
    let words = if code == 'H' { "Agricultural Production" } else { "Industrial Processing" };
    reason(case, code, Some(tick), words);
    case.renumber("");
    case.set("percentage", percentage);
}

fn one_row(case: &mut Case, state: &str, number: &str) {
    let row = Row { state: state.to_owned(), number: number.to_owned() };
    case.table = vec![row];
    case.coverage = vec![(state.to_owned(), Some(number.to_owned()))];
}

fn older(case: &mut Case) {
    case.variant = 3;
    case.table.truncate(1);
    case.coverage.truncate(1);
}

fn no_table(case: &mut Case) {
    // The rows stay, empty, so that the form keeps its table.
    for row in &mut case.table {
        row.number.clear();
    }
    case.table.truncate(1);
    case.coverage.clear();
}

fn permit(case: &mut Case, number: &str, issued: Day, last: Day) {
    case.renumber(number);
    case.set("effective", issued.spelled(1));
    case.signed = issued;
    ends(case, last);
}

/// All faults.
pub(crate) const FAULTS: &[Planted] = &[
    staged("unknown-paper", "form-unknown", Form::Unknown, Review, Stage::Plain),
    fault("no-seller-sst", "seller-missing", Form::Sst, Review, |c| c.clear(&["seller"])),
    fault("no-seller-tx", "seller-missing", Form::TexasResale, Review, |c| c.clear(&["seller"])),
    fault("other-seller-nj", "seller-other", Form::NewJersey, Review, other_seller),
    fault("other-seller-tx", "seller-other", Form::TexasResale, Review, other_seller),
    fault("other-seller-mtc", "seller-other", Form::Mtc, Review, other_seller),
    fault("no-purchaser-sst", "purchaser-missing", Form::Sst, Fail, |c| c.clear(&["purchaser"])),
    fault("no-purchaser-pa", "purchaser-missing", Form::Pennsylvania, Fail, |c| c.clear(&["purchaser"])),
    fault("no-address-tx", "address-missing", Form::TexasExemption, Fail, |c| c.clear(&["street", "place"])),
    fault("no-address-il", "address-missing", Form::IllinoisResale, Fail, |c| c.clear(&["street", "place"])),
    fault("no-state-mtc", "state-missing", Form::Mtc, Review, no_table),
    fault("no-state-sst", "state-missing", Form::Sst, Review, |c| {
        older(c);
        c.clear(&["state"]);
        c.coverage.clear();
    }),
    fault("state-outside-mtc", "state-not-accepting", Form::Mtc, Review, |c| {
        one_row(c, "MA", "00-8123457");
    }),
    fault("state-outside-sst", "state-not-accepting", Form::Sst, Review, |c| {
        older(c);
        one_row(c, "CA", "812-345678");
        c.set("state", "CA");
        c.set("number", "812-345678");
    }),
    fault("no-number-ca", "number-missing", Form::California, Fail, |c| c.renumber("")),
    fault("no-number-il", "number-missing", Form::IllinoisResale, Fail, |c| c.renumber("")),
    fault("no-number-ga", "number-missing", Form::Georgia, Fail, |c| c.renumber("")),
    fault("no-number-nj", "number-missing", Form::NewJersey, Fail, |c| c.renumber("")),
    fault("no-number-tx", "number-missing", Form::TexasResale, Fail, |c| c.renumber("")),
    fault("seven-digits-il", "number-format", Form::IllinoisResale, Fail, |c| c.renumber("4127-396")),
    fault("ten-digits-tx", "number-format", Form::TexasResale, Fail, |c| c.renumber("3-20451-8876")),
    fault("altered-pattern-fl", "number-format", Form::FloridaResale, Fail, |c| {
        c.renumber("7-880120767-20");
    }),
    fault("no-reason-sst", "reason-missing", Form::Sst, Review, no_reason),
    fault("no-reason-ga", "reason-missing", Form::Georgia, Review, no_reason),
    fault("no-reason-pa", "reason-missing", Form::Pennsylvania, Review, no_reason),
    fault("no-reason-tx", "reason-missing", Form::TexasExemption, Review, no_reason),
    fault("no-reason-oh", "reason-missing", Form::OhioBlanket, Review, no_reason),
    fault("two-reasons-sst", "reason-several", Form::Sst, Review, |c| {
        reason(c, 'G', Some("reason:G"), "Resale");
        c.boxes.insert("reason:I");
        c.reason = ' ';
    }),
    fault("two-reasons-ga", "reason-several", Form::Georgia, Review, |c| {
        c.boxes.insert("ga:4");
        c.reason = ' ';
    }),
    fault("two-reasons-pa", "reason-several", Form::Pennsylvania, Review, |c| {
        reason(c, ' ', Some("pa:3"), "Resale");
        c.boxes.insert("pa:4");
    }),
    fault("vague-reason-oh", "reason-unclear", Form::OhioBlanket, Review, |c| {
        reason(c, ' ', None, "As discussed by telephone");
    }),
    fault("government-or-which-ga", "reason-unclear", Form::Georgia, Review, |c| {
        reason(c, ' ', Some("ga:2"), "Government");
    }),
    fault("circle-missing-mi", "reason-unclear", Form::Michigan, Review, |c| {
        reason(c, ' ', Some("mi:government"), "Government or nonprofit");
        c.renumber("");
        c.clear(&["percentage"]);
    }),
    fault("other-without-words-pa", "reason-unclear", Form::Pennsylvania, Review, |c| {
        reason(c, ' ', Some("pa:8"), "Other");
    }),
    fault("charity-nc", "reason-not-accepted", Form::NorthCarolina, Fail, |c| {
        reason(c, 'E', Some("reason:E"), "Charitable organization");
    }),
    fault("church-nc", "reason-not-accepted", Form::NorthCarolina, Fail, |c| {
        reason(c, 'F', Some("reason:F"), "Religious organization");
    }),
    fault("resale-on-exemption-side-tx", "reason-not-accepted", Form::TexasExemption, Review, |c| {
        reason(c, 'G', None, "Resale");
    }),
    fault("unsigned-sst", "signature-missing", Form::Sst, Fail, unsigned),
    fault("unsigned-tx", "signature-missing", Form::TexasResale, Fail, unsigned),
    fault("unsigned-il", "signature-missing", Form::IllinoisResale, Fail, unsigned),
    fault("unsigned-nj", "signature-missing", Form::NewJersey, Fail, unsigned),
    fault("unsigned-mtc", "signature-missing", Form::Mtc, Fail, unsigned),
    fault("unsigned-ny", "signature-missing", Form::NewYorkResale, Fail, unsigned),
    fault("undated-sst", "date-missing", Form::Sst, Review, undated),
    fault("undated-ny", "date-missing", Form::NewYorkResale, Review, undated),
    fault("no-such-day-il", "date-unreadable", Form::IllinoisResale, Review, |c| written(c, "02/31/2026")),
    fault("no-such-month-ga", "date-unreadable", Form::Georgia, Review, |c| written(c, "17/45/2026")),
    fault("two-digit-year-pa", "date-ambiguous", Form::Pennsylvania, Review, |c| written(c, "03/04/26")),
    fault("next-year-tx", "signed-in-future", Form::TexasResale, Fail, |c| dated(c, Day::new(2027, 3, 9))),
    fault("next-year-oh", "signed-in-future", Form::OhioBlanket, Fail, |c| dated(c, Day::new(2027, 5, 20))),
    fault("expired-wa", "expired", Form::Washington, Fail, |c| {
        permit(c, "A12 3456 25", Day::new(2021, 6, 1), Day::new(2025, 6, 1));
    }),
    fault("past-year-fl", "expired", Form::FloridaResale, Fail, |c| {
        c.set("year", "2024");
        c.rule_expiry = None;
        c.expires = Some(Day::new(2024, 12, 31));
        c.set("expires", "December 31, 2024");
    }),
    fault("expired-fl-exempt", "expired", Form::FloridaExempt, Fail, |c| {
        c.set("effective", "04/30/2020");
        ends(c, Day::new(2025, 4, 30));
    }),
    fault("expired-letter", "expired", Form::Letter, Fail, |c| {
        c.set("effective", "July 1, 2020");
        dated(c, Day::new(2020, 6, 12));
        c.expires = Some(Day::new(2024, 6, 30));
        c.set("expires", "June 30, 2024");
    }),
    fault("expired-il-letter", "expired", Form::IllinoisLetter, Fail, |c| {
        c.set("effective", "March 1, 2019");
        dated(c, Day::new(2019, 2, 20));
        c.expires = Some(Day::new(2024, 3, 1));
        c.set("expires", "March 1, 2024");
    }),
    fault("ends-before-signed-mi", "expiry-before-signed", Form::Michigan, Fail, |c| {
        until(c, Day::new(2026, 10, 5), Day::new(2026, 9, 1));
    }),
    fault("six-years-mi", "expiry-too-long", Form::Michigan, Fail, |c| {
        until(c, Day::new(2026, 4, 14), Day::new(2032, 4, 14));
    }),
    fault("digits-and-day-differ-wa", "expiry-mismatch", Form::Washington, Review, |c| {
        permit(c, "A23 4567 29", Day::new(2026, 2, 1), Day::new(2028, 2, 1));
    }),
    fault("title-and-day-differ-fl", "expiry-mismatch", Form::FloridaResale, Review, |c| {
        c.rule_expiry = None;
        c.expires = Some(Day::new(2027, 12, 31));
        c.set("expires", "December 31, 2027");
    }),
    fault("single-without-order-sst", "single-without-order", Form::Sst, Fail, single),
    fault("single-without-order-nj", "single-without-order", Form::NewJersey, Fail, single),
    fault("single-without-order-oh", "single-without-order", Form::OhioUnit, Fail, single),
    fault("no-percentage-mi", "percentage-missing", Form::Michigan, Review, |c| {
        michigan_share(c, "mi:farm", 'H', "");
    }),
    fault("no-percentage-il", "percentage-missing", Form::IllinoisResale, Review, |c| {
        c.boxes.remove("il:all");
        c.boxes.insert("il:share");
    }),
    fault("part-exempt-il", "percentage-partial", Form::IllinoisResale, Review, |c| {
        c.boxes.remove("il:all");
        c.boxes.insert("il:share");
        c.set("percentage", "60");
    }),
    fault("part-exempt-mi", "percentage-partial", Form::Michigan, Review, |c| {
        michigan_share(c, "mi:industry", 'I', "75");
    }),
    fault("charity-without-paper-ma", "attachment-required", Form::MassachusettsExempt, Review, |c| {
        c.boxes.remove("ma:government");
        reason(c, 'E', Some("ma:charity"), "501(c)(3) organization");
        c.attached = false;
    }),
    fault("contractor-without-paper-mi", "attachment-required", Form::Michigan, Review, |c| {
        reason(c, 'L', Some("mi:contractor"), "Contractor");
        c.renumber("");
        c.clear(&["percentage"]);
    }),
    fault("no-description-ca", "description-missing", Form::California, Review, |c| {
        c.clear(&["description"])
    }),
    fault("no-description-tx", "description-missing", Form::TexasResale, Review, |c| {
        c.clear(&["description"])
    }),
    fault("no-business-type-sst", "business-missing", Form::Sst, Review, |c| {
        c.boxes.retain(|key| !key.starts_with("type:"));
    }),
    fault("no-business-tx", "business-missing", Form::TexasResale, Review, |c| c.clear(&["business"])),
    fault("no-section-1-mi", "section-missing", Form::Michigan, Fail, |c| {
        c.boxes.retain(|key| !matches!(*key, "single" | "blanket" | "blanket-until"));
        c.clear(&["order", "expires"]);
        c.expires = None;
    }),
    fault("no-section-2-mi", "section-missing", Form::Michigan, Fail, |c| {
        c.boxes.remove("mi:all");
    }),
    fault("purchaser-struck-sst", "struck-out", Form::Sst, Review, |c| c.struck = Some("purchaser")),
    fault("number-struck-tx", "struck-out", Form::TexasResale, Review, |c| c.struck = Some("number")),
    fault("government-ny-st-119-1", "reason-scope", Form::NewYorkExempt, Review, |c| {
        c.purchaser.name = "County of Example Hollow".to_owned();
        c.purchaser.core = c.purchaser.name.clone();
        let name = c.purchaser.name.clone();
        c.set("purchaser", name);
    }),
    staged("blurred", "low-confidence", Form::TexasResale, Review, Stage::Blurred),
    staged("stranger", "purchaser-unmatched", Form::NewJersey, Review, Stage::Stranger),
    staged("twins", "purchaser-ambiguous", Form::California, Review, Stage::Twins),
    staged("neighbour-only", "same-address-other-entity", Form::Georgia, Review, Stage::Neighbour),
    staged("duplicate-bytes", "duplicate", Form::OhioBlanket, Review, Stage::SameBytes),
    staged("duplicate-words", "duplicate", Form::IllinoisResale, Review, Stage::SameWords),
    staged("untitled-second-page", "split-unclear", Form::Sst, Review, Stage::Untitled),
];
