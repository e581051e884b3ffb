//! The three forms of a report: one JSON object, one JSON object on each line, and text for people. All are written
//! line by line to the given stream, so that no form is ever held in memory as a whole.

use std::io;

use serde::Serialize;

use super::{Line, Report, State, Subject, Write, runs::Run, words};
use crate::model::journal::Operation;

/// What every report says about itself.
pub const DISCLAIMER: &str = "Nothing here is tax advice.";

/// Writes one JSON object: `{"tenant", "notice", "setups", "runs", "denials", "lines", "summary"}`.
pub fn json(report: &Report, tenant: &str, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "{{\"tenant\":{},\"notice\":{}", text(tenant)?, text(DISCLAIMER)?)?;
    array(out, "setups", &report.setups)?;
    array(out, "runs", &report.runs)?;
    array(out, "denials", &report.denials)?;
    array(out, "lines", &report.lines)?;
    write!(out, ",\"summary\":{}}}", text(&report.summary)?)
}

/// Writes one JSON object on each line: the notice, the set-up steps, the runs, the denials, the lines, the summary. Each
/// names its `record`.
pub fn jsonl(report: &Report, tenant: &str, out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Named<'a, T> {
        record: &'static str,
        #[serde(flatten)]
        rest: &'a T,
    }
    writeln!(out, "{}", serde_json::json!({ "record": "report", "tenant": tenant, "notice": DISCLAIMER }))?;
    for step in &report.setups {
        writeln!(out, "{}", serde_json::json!({ "record": "setup", "step": step }))?;
    }
    for run in &report.runs {
        writeln!(out, "{}", text(&Named { record: "run", rest: run })?)?;
    }
    for denial in &report.denials {
        writeln!(out, "{}", text(&Named { record: "denial", rest: denial })?)?;
    }
    for line in &report.lines {
        writeln!(out, "{}", text(line)?)?;
    }
    writeln!(out, "{}", text(&Named { record: "summary", rest: &report.summary })?)
}

/// Writes text for people.
pub fn plain(report: &Report, tenant: &str, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "Onboarding report for {}", words::clean(tenant, 100))?;
    writeln!(out, "{DISCLAIMER}")?;
    writeln!(out, "\nRuns")?;
    if report.runs.is_empty() {
        writeln!(out, "  none yet")?;
    }
    for run in &report.runs {
        run_lines(run, out)?;
    }
    if !report.setups.is_empty() {
        writeln!(out, "\nSet-up of certificate management")?;
    }
    for step in &report.setups {
        writeln!(
            out,
            "  {} {} {} {}",
            to_the_second(&step.at),
            step.record,
            step.state.unwrap_or_default(),
            step.detail
        )?;
    }
    if !report.denials.is_empty() {
        writeln!(out, "\nRequests that were denied")?;
    }
    for denial in &report.denials {
        let action = denial.action.as_deref().map(|action| format!(" {action}")).unwrap_or_default();
        writeln!(out, "  {} {}{action}: {}", to_the_second(&denial.at), denial.call, denial.detail)?;
    }
    for (subject, title) in [
        (Subject::Customer, "Customers"),
        (Subject::Row, "ERP rows without a usable customer code"),
        (Subject::Document, "Documents without a customer"),
    ] {
        let mut first = true;
        for line in report.lines.iter().filter(|line| line.record == subject && is_telling(line)) {
            if std::mem::take(&mut first) {
                writeln!(out, "\n{title}")?;
            }
            line_lines(line, out)?;
        }
    }
    let silent = report.lines.iter().filter(|line| !is_telling(line)).count();
    if silent > 0 {
        writeln!(out, "\n{silent} more with nothing to do or to tell; the JSON forms name them.")?;
    }
    summary_lines(report, out)
}

/// An RFC 3339 time in UTC without fractions of a second, which only machines want.
#[must_use]
pub fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}

/// Whether people want to read about it: something was or will be written, or a person has to do something.
fn is_telling(line: &Line) -> bool {
    !line.writes.is_empty() || !line.attention.is_empty()
}

fn run_lines(run: &Run, out: &mut dyn io::Write) -> io::Result<()> {
    let option = run.option.as_deref().map(|option| format!(" {option}")).unwrap_or_default();
    let size = run.writes.map(|writes| format!(", {writes} writes")).unwrap_or_default();
    let digest = run.digest.as_deref().unwrap_or("the preview was not finished");
    writeln!(out, "  {} {}{option}{size}: {digest}", to_the_second(&run.opened_at), run.operation)?;
    for approval in &run.approvals {
        writeln!(out, "      confirmed by {} at {}", approval.by, to_the_second(&approval.at))?;
    }
    Ok(())
}

fn line_lines(line: &Line, out: &mut dyn io::Write) -> io::Result<()> {
    let name = line.name.as_deref().map(|name| format!("  {name}")).unwrap_or_default();
    let id = line
        .id
        .as_deref()
        .filter(|id| *id != line.key)
        .map(|id| format!("  (ERP id {id})"))
        .unwrap_or_default();
    writeln!(out, "  {}{name}{id}", line.key)?;
    for write in &line.writes {
        writeln!(out, "      {}", write_words(write))?;
    }
    for attention in &line.attention {
        let why = if attention.why.is_empty() { String::new() } else { format!(" {}", attention.why) };
        writeln!(out, "    ! {}:{why} To do: {}.", attention.what, attention.remedy)?;
    }
    Ok(())
}

/// `certificate created: done, US-GA Resale from a.pdf, AvaTax id 7, Exempt`.
fn write_words(write: &Write) -> String {
    let fact = |name: &str| write.facts.get(name).map(String::as_str);
    let mut parts = vec![write.state.words().to_owned()];
    if let Some(region) = fact("region") {
        parts
            .push(fact("country").map_or_else(|| region.to_owned(), |country| format!("{country}-{region}")));
    }
    for (name, label) in [
        ("reason", ""),
        ("number", "no. "),
        ("document", "from "),
        ("signed", "signed "),
        ("expires", "until "),
        ("recipient", "to "),
        ("avatax_id", "AvaTax id "),
        ("link", ""),
        ("invitation", "AvaTax says "),
    ] {
        if let Some(value) = fact(name) {
            parts.push(format!("{label}{value}"));
        }
    }
    if let Some(coverage) = fact("coverage") {
        parts.push(format!("AvaTax answers {coverage}"));
    }
    if write.state == State::OnFile {
        parts.extend(fact("detail").map(str::to_owned));
    }
    let label = [
        Operation::CreateCustomer,
        Operation::UpdateCustomer,
        Operation::CreateCertificate,
        Operation::AttachDocument,
        Operation::LinkCertificate,
        Operation::SendInvitation,
    ]
    .into_iter()
    .map(words::operation)
    .find(|term| term.name == write.operation)
    .map_or(write.operation, |term| term.words);
    format!("{label}: {}", parts.join(", "))
}

fn summary_lines(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let summary = &report.summary;
    writeln!(out, "\nSummary")?;
    writeln!(out, "  {} customers in the journal", summary.customers)?;
    for tally in &summary.writes {
        writeln!(out, "  {} × {}, {}", tally.count, tally.operation, tally.state.words())?;
    }
    writeln!(out, "  {} certificates effective in AvaTax", summary.effective_certificates)?;
    writeln!(out, "  {} not finished, {} for a person to settle", summary.open, summary.attention)?;
    out.flush()
}

fn array(out: &mut dyn io::Write, name: &str, items: &[impl Serialize]) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    for (place, item) in items.iter().enumerate() {
        write!(out, "{}{}", if place == 0 { "\n" } else { ",\n" }, text(item)?)?;
    }
    write!(out, "]")
}

fn text(value: &(impl Serialize + ?Sized)) -> io::Result<String> {
    serde_json::to_string(value).map_err(io::Error::from)
}
