//! The rows of `run-all`: one for each tenant, and what they come to together.
//!
//! A row is read from the document of its tenant and from nothing else, so that what a person sees and what `--json`
//! prints cannot differ. There are two tables: what would be written, before the one question, and how each tenant ended
//! and what it took, after everything.

use comfy_table::Cell;
use serde_json::Value;

use crate::{
    cli::{
        args::RunAllWhat,
        console::{Console, Tone, grouped, number, toned},
        exit::Exit,
        json::Ending,
        metrics::Figures,
    },
    report::words,
};

/// A tenant and how its command ended.
pub(super) struct Row {
    pub(super) tenant: String,
    pub(super) ending: Ending,
}

impl Row {
    pub(super) fn figure(&self, pointer: &str) -> u64 {
        self.ending.result.as_ref().and_then(|it| it.pointer(pointer)).and_then(Value::as_u64).unwrap_or(0)
    }

    pub(super) fn digest(&self) -> &str {
        let result = self.ending.result.as_ref();
        result.and_then(|it| it.pointer("/preview/plan/digest")).and_then(Value::as_str).unwrap_or_default()
    }

    /// Customers and documents that the plan leaves to a person.
    fn left_to_people(&self) -> String {
        let decisions =
            self.ending.result.as_ref().and_then(|it| it.pointer("/preview/decisions")?.as_array());
        let (mut customers, mut documents) = (0_u64, 0_u64);
        for count in decisions.into_iter().flatten() {
            let named = count.get("decision").and_then(Value::as_str).and_then(words::decision_named);
            if let Some(decision) = named.filter(|it| words::remedy(*it).is_some()) {
                let sum = if words::of_a_document(decision) { &mut documents } else { &mut customers };
                *sum = sum.saturating_add(count.get("count").and_then(Value::as_u64).unwrap_or(0));
            }
        }
        let counted = [(customers, "customer"), (documents, "document")];
        let parts: Vec<_> = counted
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, noun)| format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" }))
            .collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }

    pub(super) fn waits(&self) -> bool {
        self.ending.failure.is_none() && self.figure("/preview/plan/writes") > 0
    }
}

/// Says that a tenant has ended.
pub(super) fn told(console: &mut Console, rows: &[Row], total: usize) {
    if let Some(Row { tenant, ending }) = rows.last() {
        let end = ending.failure.as_ref().map_or("done", |failure| failure.kind);
        console.note(format!("{} of {total}: {tenant}, {end}", rows.len()));
    }
}

/// The common end of all: 3 while any plan waits, the code that all share, else 4.
pub(super) fn together(codes: &[Exit]) -> Option<Exit> {
    let first = *codes.first()?;
    if codes.contains(&Exit::ConfirmationNeeded) {
        Some(Exit::ConfirmationNeeded)
    } else if codes.iter().all(|code| *code == first) {
        Some(first).filter(|code| *code != Exit::Done)
    } else {
        Some(Exit::Partial)
    }
}

pub(super) fn previews(console: &mut Console, rows: &[Row]) {
    let mut table = console.new_table(&["Tenant", "Writes", "Waits for a person", "Plan"]);
    for row in rows {
        let plan = row.ending.failure.as_ref().map_or(row.digest(), |failure| failure.message.as_str());
        table.add_row(vec![
            Cell::new(&row.tenant),
            number(row.figure("/preview/plan/writes")),
            Cell::new(row.left_to_people()),
            Cell::new(words::clean(plan, 200)),
        ]);
    }
    console.table("What would be written", &table);
}

pub(super) fn outcome(console: &mut Console, what: &RunAllWhat, rows: &[Row]) {
    let (columns, figures) = match what {
        RunAllWhat::Analyze => (["Customers", "Exempt"], ["/total", "/exempt"]),
        RunAllWhat::Sync(_) | RunAllWhat::Certificates { .. } => {
            (["Writes", "Open"], ["/preview/plan/writes", "/applied/remaining"])
        }
    };
    let header = [
        &["Tenant", "End"][..],
        &columns,
        &["Waited ms", "Wall ms", "CPU ms", "Memory KiB", "Requests", "Denied"],
    ];
    let mut table = console.new_table(&header.concat());
    for row in rows {
        let (end, tone) = match &row.ending.failure {
            None => ("done", Tone::Good),
            Some(failure) if failure.exit == Exit::ConfirmationNeeded => ("to confirm", Tone::Warn),
            Some(failure) => (failure.kind, Tone::Bad),
        };
        let took = Figures::of(&row.ending.metrics);
        let mut cells = vec![Cell::new(&row.tenant), toned(end, tone)];
        cells.extend(figures.map(|pointer| number(row.figure(pointer))));
        cells.extend(
            [
                took.queued_ms,
                took.wall_ms,
                took.cpu_ms,
                took.peak_memory_bytes / 1024,
                took.requests,
                took.denials,
            ]
            .map(number),
        );
        table.add_row(cells);
    }
    console.table("Tenants", &table);
    for row in rows {
        let denied = row.ending.metrics.iter().filter_map(|call| call.get("denied")?.as_array()).flatten();
        for sentence in denied.filter_map(Value::as_str) {
            console.complain(format!("{}: {sentence}", row.tenant));
        }
        if let Some(failure) = &row.ending.failure {
            console.complain(format!("{}: {failure}", row.tenant));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_end_of_all_is_the_common_one_else_in_part_and_3_while_a_plan_waits() {
        use Exit::{ConfirmationNeeded, Done, Partial, Unreachable, Usage};
        assert_eq!(together(&[Done, Done]), None);
        assert_eq!(together(&[Unreachable, Unreachable]), Some(Unreachable));
        assert_eq!(together(&[Done, Unreachable]), Some(Partial));
        assert_eq!(together(&[Usage, Unreachable]), Some(Partial));
        assert_eq!(together(&[Unreachable, ConfirmationNeeded, Done]), Some(ConfirmationNeeded));
    }

    #[test]
    fn what_is_left_to_people_is_told_apart_by_customers_and_documents() {
        let row = |decisions: &[(&str, u64)]| {
            let counts: Vec<_> = decisions
                .iter()
                .map(|(decision, count)| json!({ "decision": decision, "count": count }))
                .collect();
            let result = Some(json!({ "preview": { "decisions": counts } }));
            Row { tenant: "north".to_owned(), ending: Ending { result, ..Ending::default() } }
        };
        let waits = |decisions: &[(&str, u64)]| row(decisions).left_to_people();
        assert_eq!(waits(&[("create", 3), ("identical", 2), ("left-out", 9)]), "nothing");
        assert_eq!(waits(&[("blocked", 1_000), ("differs", 2), ("create", 5)]), "1,002 customers");
        assert_eq!(waits(&[("review", 4), ("invalid", 1), ("upload", 5)]), "5 documents");
        assert_eq!(waits(&[("call-list", 4), ("needs-reader", 1)]), "4 customers, 1 document");
        assert_eq!(waits(&[("of-a-later-version", 4)]), "nothing");
    }
}
