//! `onboard status` and `onboard report`: both read the journal and nothing else, so they answer without AvaTax, the
//! ERP, the component or any credential, even while a run goes on. Status is the short form with what is open; report
//! is everything, written as it is read to stdout or to a file that only its owner may read.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    path::Path,
};

use comfy_table::Cell;
use serde_json::{Value, json};

use super::{
    args::{Cli, ReportArgs, ReportFormat},
    console::{Console, grouped, number},
    exit::{Exit, Failure},
    json::Ending,
};
use crate::report::{Line, Report, ReportError, render, words};

/// Customers and runs named in the text of `status`.
const SHOWN: usize = 20;
/// As much of a digest as tells plans apart; the whole one is in the report.
const DIGEST_SHOWN: usize = 19;

/// Shows the short form and returns it for machines.
pub fn status(console: &mut Console, report: &Report, cli: &Cli) -> Value {
    let listing = cli.naming(&["report"]);
    let concerned: Vec<&Line> =
        report.lines.iter().filter(|line| line.is_open() || !line.attention.is_empty()).collect();
    if report.runs.is_empty() {
        console.say(format!(
            "Nothing has been planned or done yet. Start with `{}`, then `{}`.",
            cli.naming(&["analyze"]),
            cli.naming(&["sync"])
        ));
    } else {
        show_runs(console, report);
        show_writes(console, report);
        show_concerned(console, &concerned, &listing);
        if concerned.iter().flat_map(|line| &line.attention).any(|one| words::is_for_review(one.what)) {
            console.say(format!(
                "`{}` shows what is in doubt about a certificate and takes your word on it.",
                cli.naming(&["review"])
            ));
        }
    }
    let denied: u64 = report.denials.iter().map(|denial| denial.count).sum();
    if denied > 0 {
        console.say(format!(
            "\nRequests of the component that were denied: {}. `{listing}` says which and why.",
            grouped(denied)
        ));
    }
    if !report.runs.is_empty() {
        console.say(format!("\n{}", render::DISCLAIMER));
    }
    json!({ "setups": report.setups, "runs": report.runs, "denied": denied, "summary": report.summary, "open": concerned })
}

fn show_runs(console: &mut Console, report: &Report) {
    let mut table = console.new_table(&["Preview made", "Run", "Writes", "Confirmed by", "Plan"]);
    for run in report.runs.iter().rev().take(SHOWN) {
        let approvals: Vec<_> = run
            .approvals
            .iter()
            .map(|one| format!("{}, {}", one.by, render::to_the_second(&one.at)))
            .collect();
        let kind = run
            .option
            .as_deref()
            .map_or_else(|| run.operation.to_owned(), |option| format!("{} {option}", run.operation));
        table.add_row(vec![
            Cell::new(render::to_the_second(&run.opened_at)),
            Cell::new(kind),
            run.writes.map_or_else(|| Cell::new("not finished"), number),
            Cell::new(if approvals.is_empty() { "nobody".to_owned() } else { approvals.join("\n") }),
            Cell::new(words::clean(run.digest.as_deref().unwrap_or(""), DIGEST_SHOWN)),
        ]);
    }
    console.table("Runs, newest first", &table);
}

fn show_writes(console: &mut Console, report: &Report) {
    let mut table = console.new_table(&["What", "State", "Number"]);
    for tally in &report.summary.writes {
        table.add_row(vec![Cell::new(tally.operation), Cell::new(tally.state.words()), number(tally.count)]);
    }
    if table.is_empty() {
        console.say("\nNothing has been written to AvaTax, and no plan would.");
        return;
    }
    console.table("Writes", &table);
    if report.summary.effective_certificates + report.summary.ineffective_certificates > 0 {
        console.say(format!(
            "Of the certificates in AvaTax, {} are effective and {} are not known to be.",
            report.summary.effective_certificates, report.summary.ineffective_certificates
        ));
    }
}

fn show_concerned(console: &mut Console, concerned: &[&Line], listing: &str) {
    if concerned.is_empty() {
        console.say("\nNothing is open.");
        return;
    }
    let mut table = console.new_table(&["Customer or document", "Name", "What is open"]);
    for line in concerned.iter().take(SHOWN) {
        let mut open: Vec<String> = line
            .writes
            .iter()
            .filter(|write| write.state.is_open())
            .map(|write| format!("{}: {}", write.operation, write.state.words()))
            .collect();
        open.extend(line.attention.iter().map(|one| {
            let why = if one.why.is_empty() { one.remedy } else { &one.why };
            format!("{}: {}", one.what, words::clean(why, 160))
        }));
        table.add_row(vec![
            Cell::new(words::clean(&line.key, 60)),
            Cell::new(words::clean(line.name.as_deref().unwrap_or(""), 60)),
            Cell::new(open.join("\n")),
        ]);
    }
    console.table("Open, or for a person to settle", &table);
    let hidden = concerned.len().saturating_sub(SHOWN);
    if hidden > 0 {
        console.say(format!("… and {hidden} more; `{listing}` names all of them."));
    }
}

/// Writes the long form to where the arguments say.
pub fn report(
    console: &mut Console,
    report: &Report,
    tenant: &str,
    args: &ReportArgs,
) -> Result<Ending, Failure> {
    let default = if console.is_json() { ReportFormat::Json } else { ReportFormat::Text };
    let format = args.format.unwrap_or(default);
    let mut ending = Ending { tenant: Some(tenant.to_owned()), ..Ending::default() };
    if let Some(path) = &args.output {
        to_file(report, tenant, format, path)?;
        console.say(format!("The report is in {}.", path.display()));
        ending.result = Some(json!({ "output": path.display().to_string(), "summary": report.summary }));
        return Ok(ending);
    }
    let written = if console.is_json() {
        if format != ReportFormat::Json {
            return Err(Failure::usage(
                "With --json, stdout carries one JSON document, so a report in another format cannot go there.",
                "Leave out --json, or name a file with --output.",
            ));
        }
        ending.printed = true;
        inside_document(report, tenant, console.out())
    } else {
        write_as(report, tenant, format, console.out())
    };
    match written {
        // `onboard report | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ending),
        // Part of the document may be out, so no second one follows it.
        Err(error) => Ok(Ending { failure: Some(of_report(&error.into())), ..ending }),
        Ok(()) => Ok(ending),
    }
}

/// Writes the report to a file.
pub fn to_file(report: &Report, tenant: &str, format: ReportFormat, path: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            Exit::Usage,
            "output",
            format!("The report could not be written to {}: {error}.", path.display()),
            "Name a file in a folder that exists and that you may write to.",
        )
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It names customers and holds invitation links.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = BufWriter::new(options.open(path).map_err(failed)?);
    write_as(report, tenant, format, &mut file).map_err(failed)
}

fn write_as(report: &Report, tenant: &str, format: ReportFormat, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match format {
        ReportFormat::Json => {
            render::json(report, tenant, &mut out)?;
            writeln!(out)?;
        }
        ReportFormat::Jsonl => render::jsonl(report, tenant, &mut out)?,
        ReportFormat::Text => render::plain(report, tenant, &mut out)?,
    }
    out.flush()
}

/// The document of `--json`, written around a report that is never held as a whole.
fn inside_document(report: &Report, tenant: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write!(out, "{{\"command\":\"report\",\"tenant\":{},\"exit_code\":0,\"result\":", Value::from(tenant))?;
    render::json(report, tenant, &mut out)?;
    writeln!(out, "}}")?;
    out.flush()
}

/// Turns a report that could not be made into a failure.
#[must_use]
pub fn of_report(error: &ReportError) -> Failure {
    Failure::new(
        Exit::Internal,
        "journal-failed",
        super::exit::sentence(&error.to_string()),
        "Check that the data folder of the tenant can be read and written.",
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;
    use crate::report::{Attention, Subject, runs::Run};

    fn small() -> Report {
        Report {
            lines: vec![Line {
                record: Subject::Customer,
                key: "A-1".to_owned(),
                id: None,
                name: None,
                decisions: vec!["call-list"],
                writes: Vec::new(),
                attention: vec![Attention { what: "call-list", why: String::new(), remedy: "call" }],
            }],
            ..Report::default()
        }
    }

    /// A console of a `--json` run whose output nobody looks at.
    fn json_console() -> Console {
        Console::of_streams(Box::new(io::sink()), Box::new(io::sink()), Box::new(io::empty()), false, true)
    }

    #[test]
    fn status_names_everyone_who_is_concerned_in_its_json() {
        let mut console = json_console();
        let value = status(&mut console, &small(), &cli());
        assert_eq!(value.pointer("/open/0/key"), Some(&json!("A-1")));
    }

    fn cli() -> Cli {
        let words = ["onboard", "status", "--config", "all.toml", "--tenant", "north"];
        clap::Parser::try_parse_from(words).unwrap()
    }

    /// What a person reads.
    fn said(report: &Report) -> String {
        let mut bytes = tempfile::tempfile().unwrap();
        let out = Box::new(bytes.try_clone().unwrap());
        let mut console = Console::of_streams(out, Box::new(io::sink()), Box::new(io::empty()), false, false);
        status(&mut console, report, &cli());
        let mut text = String::new();
        bytes.rewind().unwrap();
        bytes.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn every_command_that_status_names_is_for_this_tenant_and_configuration() {
        let runs = vec![Run {
            plan: "1".to_owned(),
            operation: "certificates",
            option: None,
            opened_at: String::new(),
            ready_at: None,
            digest: None,
            writes: None,
            approvals: Vec::new(),
        }];
        let text = said(&Report::default());
        for command in ["analyze", "sync"] {
            assert!(
                text.contains(&format!("`onboard {command} --config all.toml --tenant north`")),
                "{text}"
            );
        }
        let attention = Attention { what: "review", why: String::new(), remedy: "look" };
        let line = |attention| Line { attention: vec![attention], ..small().lines.remove(0) };
        let report = Report { runs: runs.clone(), lines: vec![line(attention); 21], ..small() };
        let text = said(&report);
        for (command, what) in [("report", "names all of them"), ("review", "shows what is in doubt")] {
            let sentence = format!("`onboard {command} --config all.toml --tenant north` {what}");
            assert!(text.contains(&sentence), "{text}");
        }
        let nothing_in_doubt = Report { runs, ..small() };
        assert!(!said(&nothing_in_doubt).contains("onboard review"));
    }

    #[test]
    fn the_document_around_a_report_is_valid_json() {
        let mut bytes = Vec::new();
        inside_document(&small(), "no\"rth", &mut bytes).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(document["exit_code"], 0);
        assert_eq!(document["tenant"], "no\"rth");
        assert_eq!(document["result"]["lines"][0]["key"], "A-1");
    }

    #[test]
    fn a_text_report_cannot_share_stdout_with_the_json_document() {
        let mut console = json_console();
        let args = ReportArgs { format: Some(ReportFormat::Text), output: None };
        assert_eq!(report(&mut console, &small(), "north", &args).unwrap_err().exit, Exit::Usage);
    }

    #[cfg(unix)]
    #[test]
    fn a_report_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.jsonl");
        to_file(&small(), "north", ReportFormat::Jsonl, &path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    }
}
