//! `onboard review accept` and `reject`: a person's word, checked and written to the journal. Accepting shows first
//! what is overruled and what the certificate will then say, and asks; a certificate without a customer, a state, a
//! reason or a day of signing is not accepted, because AvaTax would not take it and nothing of it is ever guessed.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::Cell;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    args::{AcceptArgs, RejectArgs, Speaker},
    certificate::{Certificate, Finding, Severity},
    pool::Summary,
    word::{SPOKEN, Verdict, Word},
};
use crate::{
    cli::{
        args::Cli,
        console::{Console, Tone, toned},
        exit::{Exit, Failure},
        flow::is_yes,
        history,
    },
    corrections,
    error::is_invisible,
    journal::Journal,
    report::ReportError,
};

/// Longest customer code, in characters, as AvaTax has it.
const CODE: usize = 50;

/// Where a word is to be written, and what it rests on.
#[expect(missing_debug_implementations, reason = "holds a trait object")]
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The journal, open for writing.
    pub journal: &'a dyn Journal,
    /// Digest of the plan that the person looked at.
    pub plan: &'a str,
    /// The certificate in short.
    pub summary: &'a Summary,
    /// The command as it was given, for sentences that name one.
    pub cli: &'a Cli,
    /// Today's day.
    pub today: Date,
}

/// Accepts a certificate.
///
/// # Errors
/// When something is missing or cannot be so, when nobody agreed, or when the journal cannot be written.
pub async fn accept(
    console: &mut Console,
    desk: Desk<'_>,
    certificate: &Certificate,
    args: &AcceptArgs,
) -> Result<Value, Failure> {
    let set = corrections::read(&args.set, desk.today)
        .map_err(|why| Failure::usage(why, "Correct it and run the command again; nothing was recorded."))?;
    let customer = args.customer.as_deref().map(code).transpose()?;
    let mut word = word(desk, Verdict::Accept, &args.speaker)?;
    let record = Record::of(desk.summary, certificate, &set, customer.as_deref());
    record.check(certificate)?;
    (word.set, word.customer) = (set, customer);
    let overruled: Vec<&Finding> =
        certificate.findings.iter().filter(|finding| finding.severity != Severity::Warn).collect();
    show(console, desk.summary, &record, &overruled);
    if !args.yes {
        agree(console, desk, &word)?;
    }
    let spoken = speak(console, desk, word).await?;
    let next = desk.cli.naming(&["certificates", "upload"]);
    console.note(format!("The next `{next}` plans with it."));
    Ok(json!({
        "action": "accept", "id": desk.summary.id, "key": desk.summary.key, "word": spoken,
        "overruled": overruled, "replaced": desk.summary.word,
    }))
}

/// Rejects a certificate.
///
/// # Errors
/// When the name or reason cannot be used, or the journal cannot be written.
pub async fn reject(console: &mut Console, desk: Desk<'_>, args: &RejectArgs) -> Result<Value, Failure> {
    let word = word(desk, Verdict::Reject, &args.speaker)?;
    let spoken = speak(console, desk, word).await?;
    Ok(json!({
        "action": "reject", "id": desk.summary.id, "key": desk.summary.key, "word": spoken,
        "replaced": desk.summary.word,
    }))
}

/// What the certificate will say, in the terms of the service.
struct Record {
    customer: String,
    numbers: BTreeMap<String, String>,
    reason: String,
    signed: String,
    said: BTreeMap<String, String>,
    /// Whether a number was given without saying for which of several states.
    number_unclear: bool,
}

impl Record {
    fn of(
        summary: &Summary,
        certificate: &Certificate,
        set: &BTreeMap<String, String>,
        customer: Option<&str>,
    ) -> Self {
        let read = || {
            let named = certificate.coverage.iter().filter(|one| !one.region.is_empty());
            named.map(|one| (one.region.clone(), one.number.clone()))
        };
        let mut numbers: BTreeMap<String, String> = match set.get("state") {
            Some(state) => {
                // Where only the state was misread, the one number there is remains the number.
                let number = match certificate.coverage.as_slice() {
                    [only] => only.number.clone(),
                    _ => certificate.value("number").to_owned(),
                };
                BTreeMap::from([(state.clone(), number)])
            }
            None => read().collect(),
        };
        for (field, number) in set {
            if let Some(region) = field.strip_prefix("number.") {
                numbers.insert(region.to_owned(), number.clone());
            }
        }
        let number_unclear = set.contains_key("number") && numbers.len() > 1;
        if let (Some(number), Some(only)) = (set.get("number"), numbers.values_mut().next()) {
            only.clone_from(number);
        }
        let said = |name: &str| set.get(name).cloned();
        Self {
            customer: customer.unwrap_or(&summary.customer).to_owned(),
            numbers,
            reason: said("reason").unwrap_or_else(|| certificate.use_code.clone()),
            signed: said("signed").unwrap_or_else(|| certificate.value("signed").to_owned()),
            said: set.clone(),
            number_unclear,
        }
    }

    fn check(&self, certificate: &Certificate) -> Result<(), Failure> {
        if self.number_unclear {
            let states: Vec<_> = self.numbers.keys().map(String::as_str).collect();
            return Err(Failure::usage(
                format!(
                    "The certificate is for {}, so one number does not say for which.",
                    states.join(", ")
                ),
                "Give the number of each state with --set number.XX=….",
            ));
        }
        let mut missing = Vec::new();
        let mut ways = Vec::new();
        if self.customer.is_empty() {
            let first = certificate.candidates.iter().find(|candidate| !candidate.code.is_empty());
            missing.push("a customer");
            ways.push(match first {
                Some(first) => format!("--customer CODE (most like it is {}, {})", first.code, first.name),
                None => "--customer CODE".to_owned(),
            });
        }
        for (what, is_missing, way) in [
            ("a state", self.numbers.is_empty(), "--set state=XX"),
            ("a reason", self.reason.is_empty(), "--set reason=A…N"),
            ("the day it was signed", self.signed.is_empty(), "--set signed=YYYY-MM-DD"),
        ] {
            if is_missing {
                missing.push(what);
                ways.push(way.to_owned());
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Usage,
            "incomplete",
            format!("The certificate still lacks {}, so it was not accepted.", and(&missing)),
            format!("Supply it with {}.", ways.join(" and ")),
        ))
    }
}

fn show(console: &mut Console, summary: &Summary, record: &Record, overruled: &[&Finding]) {
    console.say(format!(
        "Certificate {}: {}, page {}, {}",
        summary.id, summary.document, summary.first_page, summary.form_name
    ));
    if overruled.is_empty() {
        console.say("\nNo rule is overruled.");
    } else {
        let mut table = console.new_table(&["Gravity", "What is overruled", "Words"]);
        for finding in overruled {
            let gravity = match finding.severity {
                Severity::Fail => toned("not valid", Tone::Bad),
                _ => toned("to be looked at", Tone::Warn),
            };
            table.add_row(vec![gravity, Cell::new(finding.sentence()), Cell::new(&finding.words)]);
        }
        console.table("Your word overrules", &table);
    }
    let mut table = console.new_table(&["Field", "Will be", "From"]);
    let mut said: BTreeSet<&str> = record.said.keys().map(String::as_str).collect();
    let mut row = |field: &str, value: &str, by_person: bool| {
        let from = if by_person { "you" } else { "the certificate" };
        table.add_row(vec![Cell::new(field), Cell::new(value), Cell::new(from)]);
    };
    row("customer", &record.customer, record.customer != summary.customer);
    let state = said.remove("state");
    let number = said.remove("number");
    for (region, of_state) in &record.numbers {
        let own = said.remove(format!("number.{region}").as_str());
        let of_state = if of_state.is_empty() { "no number" } else { of_state };
        row(&format!("state {region}"), of_state, state || number || own);
    }
    row("reason", &record.reason, said.remove("reason"));
    row("signed", &record.signed, said.remove("signed"));
    for field in said {
        row(field, record.said.get(field).map_or("", String::as_str), true);
    }
    console.table("It will be planned with", &table);
    if let Some(word) = &summary.word {
        console.say(format!("This replaces the word of {}, who {} it.", word.by, word.verdict.words()));
    }
}

/// Asks the person at the terminal, if there is one.
fn agree(console: &mut Console, desk: Desk<'_>, word: &Word) -> Result<(), Failure> {
    if !console.can_ask {
        return Err(Failure::new(
            Exit::ConfirmationNeeded,
            "confirmation-needed",
            "Nothing was recorded: accepting waits for your yes.",
            format!("Agree with `{} --yes`.", desk.cli.again()),
        ));
    }
    let question = format!("Type yes to record this as {}, anything else to leave it:", word.by);
    let answer = console
        .ask(&question)
        .map_err(|error| Failure::internal(format!("Your answer could not be read: {error}.")))?;
    if is_yes(&answer) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::ConfirmationNeeded,
        "confirmation-needed",
        "Nothing was recorded, as you wished.",
        "The certificate goes on waiting.",
    ))
}

/// Writes a word to the journal.
async fn speak(console: &mut Console, desk: Desk<'_>, mut word: Word) -> Result<Word, Failure> {
    let summary = desk.summary;
    word.sequence = desk
        .journal
        .append(vec![word.entry(&summary.key)])
        .await
        .map_err(|error| history::of_report(&ReportError::from(error)))?;
    console.say(format!("Recorded: {} is {} by {}.", summary.id, word.verdict.words(), word.by));
    Ok(word)
}

fn word(desk: Desk<'_>, verdict: Verdict, speaker: &Speaker) -> Result<Word, Failure> {
    let spoken = |what: &str, flag: &str, text: &str| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > SPOKEN || text.chars().any(is_invisible) {
            return Err(Failure::usage(
                format!("{what} has to be 1 to {SPOKEN} characters on one line."),
                format!("Give it with {flag}; nothing was recorded."),
            ));
        }
        Ok(text.to_owned())
    };
    Ok(Word {
        verdict,
        by: spoken("The name of who decides", "--by NAME", &speaker.by)?,
        reason: spoken("The reason", "--reason TEXT", &speaker.reason)?,
        set: BTreeMap::new(),
        customer: None,
        document: desk.summary.document.clone(),
        plan: desk.plan.to_owned(),
        at: String::new(),
        sequence: 0,
    })
}

fn code(given: &str) -> Result<String, Failure> {
    let code = given.trim();
    if code.is_empty() || code.chars().count() > CODE || code.chars().any(is_invisible) {
        return Err(Failure::usage(
            format!("A customer code has 1 to {CODE} characters on one line."),
            "Give it with --customer CODE.",
        ));
    }
    Ok(code.to_owned())
}

/// "a", "a and b", "a, b and c".
fn and(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
