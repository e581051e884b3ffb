//! Tables for people, as text for a terminal or as Markdown for a note.

use std::fmt::Write;

use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use comfy_table::{CellAlignment, Table};

use crate::evaluate::{Outcome, Verdict};
use crate::fields::Agreement;
use crate::musts::{Must, percent};
use crate::totals::{Group, by_field};

/// Longest text in a list of differences.
const LONGEST: usize = 80;

/// How a table looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// For a terminal.
    Text,
    /// For a note.
    Markdown,
}

/// Everything: each document, what differs, faults, sums, bounds.
#[must_use]
pub fn all(outcomes: &[Outcome], groups: &[Group], musts: &[Must], peak: Option<u64>) -> String {
    let mut text = documents(outcomes);
    text += &differences(outcomes);
    if let Some(table) = faults(outcomes, Look::Text) {
        let _written = write!(text, "\n{table}\n");
    }
    let (totals, fields) = (totals(groups, Look::Text), fields(outcomes));
    let _written = write!(text, "\n{totals}\n\n{fields}\n\n{}", bounds(musts));
    text + &unread(outcomes) + &memory(outcomes, peak)
}

fn table(look: Look, head: &[&str], numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(if look == Look::Markdown { ASCII_MARKDOWN } else { NOTHING });
    table.set_header(head);
    for at in numbers {
        if let Some(column) = table.column_mut(*at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn shown(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), percent)
}

fn documents(outcomes: &[Outcome]) -> String {
    let head = [
        "document",
        "recall",
        "precision",
        "exact",
        "wrong",
        "unread",
        "form",
        "verdict",
        "rules",
        "customer",
        "s/page",
    ];
    let mut table = table(Look::Text, &head, &[1, 2, 3, 4, 5, 10]);
    for it in outcomes {
        let form = match it.form_read.as_str() {
            _ if it.form_right() => it.form.clone(),
            "" => format!("none for {}", it.form),
            read => format!("{read} for {}", it.form),
        };
        let due = it.verdict_due.as_deref().filter(|due| *due != it.verdict.name());
        let verdict = it.verdict.name();
        table.add_row([
            it.id.clone(),
            shown(it.words.recall()),
            shown(it.words.precision()),
            it.count(Agreement::Exact).to_string(),
            it.count(Agreement::Wrong).to_string(),
            it.count(Agreement::Unread).to_string(),
            form,
            due.map_or_else(|| verdict.to_owned(), |due| format!("{verdict} for {due}")),
            rules(it),
            customer(it),
            u32::try_from(it.pages)
                .ok()
                .filter(|pages| *pages > 0)
                .map_or_else(|| "-".to_owned(), |pages| format!("{:.2}", it.seconds / f64::from(pages))),
        ]);
    }
    format!("{table}\n")
}

/// Rules that fired, warnings in brackets.
fn rules(outcome: &Outcome) -> String {
    let mut rules: Vec<String> = Vec::new();
    for it in &outcome.findings {
        let rule = if it.verdict == Verdict::Pass { format!("({})", it.rule) } else { it.rule.clone() };
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules.join(", ")
}

fn customer(outcome: &Outcome) -> String {
    let best = outcome.candidates.first().map_or("nobody", |it| it.code.as_str());
    let due = outcome.customer.as_deref().unwrap_or("nobody");
    match (outcome.customer_right(), outcome.customer_automatic()) {
        (true, true) => "right".to_owned(),
        (true, false) => "right, in doubt".to_owned(),
        (false, _) if outcome.customer_taken.is_some() => format!("WRONG: {best} for {due}"),
        (false, _) => format!("{best} for {due}, in doubt"),
    }
}

/// Fields that are not exact, certificates that were not found, files that were not read.
fn differences(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for it in outcomes {
        if let Some(why) = &it.error {
            let _written = writeln!(text, "{}: not read: {why}", it.id);
        } else if it.found != 1 {
            let _written = writeln!(text, "{}: {} certificates found in its place", it.id, it.found);
        }
        for field in it.fields.iter().filter(|field| field.agreement != Agreement::Exact) {
            let what = if field.agreement == Agreement::Wrong { "wrong" } else { "unread" };
            let sure = field.confidence.map(|sure| format!(", {sure:.2} sure")).unwrap_or_default();
            let _written = writeln!(
                text,
                "{}: {} {what}: \"{}\" for \"{}\"{}{sure}",
                it.id,
                field.field,
                cut(&field.read),
                cut(&field.truth),
                field.how.map(|how| format!(", by {how}")).unwrap_or_default(),
            );
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Planted faults and what caught them; none if there are none.
#[must_use]
pub fn faults(outcomes: &[Outcome], look: Look) -> Option<String> {
    let mut table = table(look, &["fault", "rule due", "rules that fired", "verdict", "caught"], &[]);
    for it in outcomes {
        let Some((kind, rule)) = &it.fault else { continue };
        let caught = if it.caught() == Some(true) { "yes" } else { "NO" };
        table.add_row([
            kind.clone(),
            rule.clone(),
            rules(it),
            it.verdict.name().to_owned(),
            caught.to_owned(),
        ]);
    }
    (!table.is_empty()).then(|| table.to_string())
}

/// Sums by group.
#[must_use]
pub fn totals(groups: &[Group], look: Look) -> String {
    let head = [
        "documents",
        "n",
        "word recall",
        "word precision",
        "exact fields",
        "wrong",
        "unread",
        "form",
        "pass",
        "review",
        "fail",
        "customer",
        "automatic",
        "s/page",
    ];
    let mut table = table(look, &head, &(1..head.len()).collect::<Vec<_>>());
    for it in groups {
        table.add_row([
            it.name.clone(),
            it.documents.to_string(),
            shown(it.words.recall()),
            shown(it.words.precision()),
            shown(it.exactness()),
            it.wrong.to_string(),
            it.unread.to_string(),
            it.forms_right.to_string(),
            it.pass.to_string(),
            it.review.to_string(),
            it.fail.to_string(),
            it.customers_right.to_string(),
            it.customers_automatic.to_string(),
            it.seconds_a_page().map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.2}")),
        ]);
    }
    table.to_string()
}

/// How each field was read.
fn fields(outcomes: &[Outcome]) -> String {
    let mut table = table(Look::Text, &["field", "exact", "wrong", "unread"], &[1, 2, 3]);
    for it in by_field(outcomes) {
        let counts = [it.exact, it.wrong, it.unread].map(|count| count.to_string());
        table.add_row([it.field.to_owned()].into_iter().chain(counts));
    }
    table.to_string()
}

/// What has to hold, and whether it does.
#[must_use]
pub fn bounds(musts: &[Must]) -> String {
    let mut text = String::new();
    for it in musts {
        let holds = if it.holds { "holds" } else { "DOES NOT HOLD" };
        let _written = writeln!(text, "{holds}: {} ({})", it.what, it.measured);
    }
    text
}

/// Certificates that pass although a field that matters was not read: nothing was invented, but something is lost.
fn unread(outcomes: &[Outcome]) -> String {
    let lost = outcomes.iter().map(|it| (it, it.accepted_without())).filter(|(_, lost)| !lost.is_empty());
    let lost: Vec<String> = lost.map(|(it, lost)| format!("{} ({})", it.id, lost.join(", "))).collect();
    if lost.is_empty() { String::new() } else { format!("passes without: {}\n", lost.join(", ")) }
}

/// Most memory held, and how many documents that says something about.
#[must_use]
pub fn memory(outcomes: &[Outcome], peak: Option<u64>) -> String {
    let fresh = outcomes.iter().filter(|it| it.fresh).count();
    let peak = peak.map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MiB", bytes / 1024 / 1024));
    format!("peak memory: {peak}; {fresh} of {} read now, the others earlier\n", outcomes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Fired;
    use crate::evaluate::tests::{field, outcome};
    use crate::totals::groups;

    fn fired(rule: &str, verdict: Verdict) -> Fired {
        let (text, words, region) = (String::new(), String::new(), String::new());
        Fired { rule: rule.to_owned(), verdict, text, words, region }
    }

    #[test]
    fn what_differs_is_said_with_how_it_was_found() {
        let mut it = outcome("a");
        it.fields = vec![field("signer", Agreement::Wrong), field("street", Agreement::Exact)];
        assert_eq!(differences(&[it]), "\na: signer wrong: \"that\" for \"this\", by label, 0.50 sure\n");
        assert_eq!(differences(&[outcome("a")]), "");
    }

    #[test]
    fn what_passes_with_something_unread_is_named() {
        let mut it = outcome("a");
        it.fields = vec![field("signer", Agreement::Unread)];
        assert_eq!(unread(&[it.clone()]), "", "nobody needs the signer's name");
        it.fields.push(field("expiry_iso", Agreement::Unread));
        assert_eq!(unread(&[it.clone()]), "passes without: a (expiry_iso)\n");
        it.verdict = Verdict::Review;
        assert_eq!(unread(&[it]), "");
    }

    #[test]
    fn rules_are_said_once_and_warnings_in_brackets() {
        let mut it = outcome("a");
        it.findings = vec![
            fired("expired", Verdict::Fail),
            fired("expired", Verdict::Fail),
            fired("due", Verdict::Pass),
        ];
        assert_eq!(rules(&it), "expired, (due)");
    }

    #[test]
    fn a_wrong_customer_stands_out() {
        let mut it = outcome("a");
        assert_eq!(customer(&it), "right");
        it.customer_taken = None;
        assert_eq!(customer(&it), "right, in doubt");
        it.customer = Some("C9".to_owned());
        assert_eq!(customer(&it), "C1 for C9, in doubt");
        it.customer_taken = Some("C1".to_owned());
        assert_eq!(customer(&it), "WRONG: C1 for C9");
    }

    #[test]
    fn markdown_has_a_row_for_each_group_and_each_fault() {
        let mut faulty = outcome("f");
        faulty.fault = Some(("unsigned".to_owned(), "signature-missing".to_owned()));
        let outcomes = [outcome("a"), faulty];
        let text = totals(&groups(&outcomes), Look::Markdown);
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 5, "head, line, all, with text, the form: {text}");
        assert!(rows.iter().all(|row| row.starts_with('|') && row.ends_with('|')), "{text}");
        let faults = faults(&outcomes, Look::Markdown).unwrap();
        assert!(faults.lines().last().unwrap().contains("signature-missing"), "{faults}");
        assert!(faults.ends_with("NO     |"), "{faults}");
        assert_eq!(super::faults(&outcomes[..1], Look::Markdown), None);
    }
}
