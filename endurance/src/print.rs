//! Figures for people and for machines. Nothing here decides anything.

use std::{collections::BTreeMap, io::Write as _};

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use endurance::{chaos, checker::Violation, sweep};
use serde::Serialize;

/// Violations of one run that are printed.
const SHOWN: usize = 5;

/// Writes a line on standard output; if nobody listens, nothing is lost.
fn say(line: &str) {
    let _unheard = writeln!(std::io::stdout(), "{line}");
}

/// Writes a line on standard error.
pub(crate) fn complain(line: &str) {
    let _unheard = writeln!(std::io::stderr(), "{line}");
}

fn document(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => say(&text),
        Err(error) => complain(&format!("error: the figures could not be written as JSON: {error}")),
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(header.to_vec());
    table
}

fn violations(violations: &[Violation], again: &str) {
    for violation in violations.iter().take(SHOWN) {
        say(&format!("  {violation}"));
    }
    if violations.len() > SHOWN {
        say(&format!("  and {} more", violations.len() - SHOWN));
    }
    say(&format!("  alone: {again}"));
}

/// The figures of a sweep.
pub(crate) fn sweep(outcome: &sweep::Outcome, twice: bool, json: bool) {
    if json {
        return document(outcome);
    }
    for swept in outcome.swept.iter().filter(|swept| !swept.violations.is_empty()) {
        say(&format!("{}: {} violations", swept.point, swept.violations.len()));
        let second = if twice { format!(" --twice --seed {}", outcome.seed) } else { String::new() };
        violations(&swept.violations, &format!("cargo xtask crash-sweep --only {}{second}", swept.point));
    }
    let mut kinds = BTreeMap::<&str, Vec<&sweep::Swept>>::new();
    for swept in &outcome.swept {
        kinds.entry(swept.kind).or_default().push(swept);
    }
    let mut table = table(&["killed", "points", "kills", "runs", "seconds", "violations"]);
    for (kind, of_it) in &kinds {
        table.add_row(row(kind, of_it));
    }
    table.add_row(row("all", &outcome.swept.iter().collect::<Vec<_>>()));
    say(&format!(
        "The undisturbed onboarding has {} appends and {} requests: {} points. Seed {}.",
        outcome.appends, outcome.requests, outcome.points, outcome.seed
    ));
    say(&table.to_string());
    say(&format!("{} of {} points in {:.0} seconds.", outcome.swept.len(), outcome.points, outcome.seconds));
}

fn row(kind: &str, of_it: &[&sweep::Swept]) -> Vec<String> {
    vec![
        kind.to_owned(),
        of_it.len().to_string(),
        of_it.iter().map(|it| it.kills).sum::<u32>().to_string(),
        of_it.iter().map(|it| it.runs).sum::<u32>().to_string(),
        format!("{:.0}", of_it.iter().map(|it| it.seconds).sum::<f64>()),
        of_it.iter().map(|it| it.violations.len()).sum::<usize>().to_string(),
    ]
}

/// The figures of the chaos.
pub(crate) fn chaos(outcome: &chaos::Outcome, json: bool) {
    if json {
        return document(outcome);
    }
    for run in outcome.runs.iter().filter(|run| !run.violations.is_empty()) {
        say(&format!("seed {}: {} violations", run.seed, run.violations.len()));
        let again = format!("cargo xtask chaos --only {} --rate {}", run.seed, outcome.rate);
        violations(&run.violations, &again);
    }
    let mut table = table(&["fault", "struck"]);
    let faults = outcome.faults();
    for (kind, count) in &faults {
        table.add_row(vec![(*kind).to_owned(), count.to_string()]);
    }
    let struck: u64 = faults.values().sum();
    table.add_row(vec!["all".to_owned(), struck.to_string()]);
    say(&table.to_string());
    let requests: u64 = outcome.runs.iter().map(|run| run.requests).sum();
    let rounds: u32 = outcome.runs.iter().map(|run| run.rounds).sum();
    let wrong: usize = outcome.runs.iter().map(|run| run.violations.len()).sum();
    let share = struck as f64 * 100.0 / (requests.max(1)) as f64;
    say(&format!(
        "{} runs, {rounds} rounds, {requests} requests while faults were on, {struck} faults ({share:.0} in a hundred \
         requests), {wrong} violations, {:.0} seconds.",
        outcome.runs.len(),
        outcome.seconds
    ));
}
