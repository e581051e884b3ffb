//! Tables for people: what an analysis, a plan or a run amounts to. Every table names the numbers first and then a few
//! examples by name, because a count without a customer behind it cannot be acted on. Text from outside is cleaned
//! here, at the last moment before it is printed, so that nothing forgets to.

use comfy_table::Cell;

use super::console::{Console, Tone, grouped, number, toned};
use crate::{
    model::{
        journal::OutcomeState,
        onboarding::{Analysis, Effect, Obstacle, Preflight, RunReport, Sample},
    },
    report::words,
};

/// States shown of an analysis; all of them are in the JSON.
const REGIONS_SHOWN: usize = 20;

/// Shows what `analyze` found.
pub fn analysis(console: &mut Console, found: &Analysis) {
    let source = &found.source;
    console.say(format!(
        "Customers in {}, read through {}",
        words::clean(&source.product, 80),
        words::clean(&source.adapter, 80)
    ));
    let mut table = console.new_table(&["Customers", "Number"]);
    for (label, value) in [
        ("in all", found.total),
        ("held tax-exempt", found.exempt),
        ("held taxable", found.taxable),
        ("the ERP cannot tell", found.unknown),
        ("not in use (inactive, blocked, prospects)", found.out_of_use),
        ("rows that cannot be read", found.unreadable),
        ("can be created in AvaTax now", found.creatable),
        ("exempt, in use and with an e-mail address", found.invitable),
    ] {
        table.add_row(vec![Cell::new(label), number(value)]);
    }
    console.table("What the ERP holds", &table);
    if source.exemption_fields.is_empty() {
        console.say(
            "This ERP tells nothing about exemption, so every customer counts as one it cannot tell about.",
        );
    }

    if !found.by_strength.is_empty() {
        let mut table = console.new_table(&["Evidence of exemption", "Customers"]);
        for count in &found.by_strength {
            table.add_row(vec![Cell::new(words::strength(count.strength).words), number(count.customers)]);
        }
        console.table("Exempt customers by the strongest evidence", &table);
    }
    if !found.by_evidence.is_empty() {
        let mut table = console.new_table(&["What speaks for exemption", "ERP field", "Customers"]);
        for count in &found.by_evidence {
            table.add_row(vec![
                Cell::new(words::evidence(count.kind).words),
                Cell::new(words::clean(&count.field, 60)),
                number(count.customers),
            ]);
        }
        console.table("Exempt customers by evidence (one customer may count several times)", &table);
    }
    if !found.by_region.is_empty() {
        let mut table = console.new_table(&["Country", "State", "Customers", "Exempt"]);
        for count in found.by_region.iter().take(REGIONS_SHOWN) {
            table.add_row(vec![
                Cell::new(or_unknown(&count.country)),
                Cell::new(or_unknown(&count.region)),
                number(count.customers),
                number(count.exempt),
            ]);
        }
        console.table("Customers by state, most exempt first", &table);
        let hidden = found.by_region.len().saturating_sub(REGIONS_SHOWN);
        if hidden > 0 {
            console.say(format!("… and {hidden} more; --json names all of them."));
        }
    }
    obstacles(console, &found.obstacles);
}

/// Shows what a preview would do.
pub fn preview(console: &mut Console, report: &RunReport) {
    console.say(headline(&report.preflight));
    let mut table = console.new_table(&["Decision", "Number", "For example"]);
    for count in report.decisions.iter().filter(|count| count.count > 0) {
        let term = words::decision(count.decision);
        let tone = if words::writes(count.decision) {
            Tone::Good
        } else if words::remedy(count.decision).is_some() {
            Tone::Warn
        } else {
            Tone::Plain
        };
        table.add_row(vec![
            toned(term.words, tone),
            number(count.count),
            Cell::new(examples(&count.samples)),
        ]);
    }
    if table.is_empty() {
        console.say("\nThe plan decides about nothing: there are no customers or documents it applies to.");
    } else {
        console.table("The plan", &table);
    }
    obstacles(console, &report.obstacles);
    if let Some(plan) = &report.plan {
        console.say(format!("\n{}", plan_line(plan.writes, &plan.digest)));
        let mut parts = Vec::new();
        if plan.certificates > 0 {
            let noun = if plan.certificates == 1 { "certificate" } else { "certificates" };
            parts.push(format!(
                "{} {noun} of your allowance, one for each document and state",
                grouped(plan.certificates)
            ));
        }
        if plan.invitations > 0 {
            let noun = if plan.invitations == 1 { "invitation" } else { "invitations" };
            parts.push(format!("{} {noun}", grouped(plan.invitations)));
        }
        if !parts.is_empty() {
            console.say(format!("Among them {}.", parts.join(" and ")));
        }
    }
}

/// Shows what was done.
pub fn applied(console: &mut Console, report: &RunReport) {
    let mut table = console.new_table(&["What", "How it ended", "Number", "For example"]);
    for count in report.outcomes.iter().filter(|count| count.count > 0) {
        let tone = match count.state {
            OutcomeState::Done | OutcomeState::Adopted => Tone::Good,
            OutcomeState::Unclear | OutcomeState::Moved => Tone::Warn,
            OutcomeState::Refused => Tone::Bad,
        };
        table.add_row(vec![
            Cell::new(words::operation(count.operation).words),
            toned(words::outcome(count.state).words, tone),
            number(count.count),
            Cell::new(examples(&count.samples)),
        ]);
    }
    if !table.is_empty() {
        console.table("What was done under this plan", &table);
    }
    if !report.coverage.is_empty() {
        let mut table = console.new_table(&["Country", "State", "Exempt in AvaTax", "Not yet"]);
        for count in &report.coverage {
            table.add_row(vec![
                Cell::new(or_unknown(&count.country)),
                Cell::new(or_unknown(&count.region)),
                number(count.effective),
                number(count.not_yet),
            ]);
        }
        console.table("Customers and states covered by the certificates", &table);
        if report.coverage.iter().any(|count| count.not_yet > 0) {
            console.say(
                "AvaTax takes a while to process a certificate; those not yet effective are in the report.",
            );
        }
    }
}

/// The sentence that states a plan.
#[must_use]
pub fn plan_line(writes: u64, digest: &str) -> String {
    let digest = words::clean(digest, 100);
    if writes == 1 {
        format!("Plan {digest} would make 1 write to AvaTax.")
    } else {
        format!("Plan {digest} would make {} writes to AvaTax.", grouped(writes))
    }
}

fn headline(preflight: &Preflight) -> String {
    format!(
        "AvaTax company {} ({}), ERP {}",
        words::clean(&preflight.company_name, 80),
        preflight.company_id,
        words::clean(&preflight.source.product, 80)
    )
}

fn obstacles(console: &mut Console, found: &[Obstacle]) {
    if found.iter().all(|obstacle| obstacle.customers == 0) {
        return;
    }
    let mut table = console.new_table(&["What stands in the way", "Effect", "Customers", "For example"]);
    for obstacle in found.iter().filter(|obstacle| obstacle.customers > 0) {
        let tone = match obstacle.effect {
            Effect::NoCreation => Tone::Bad,
            Effect::NoInvitation => Tone::Warn,
            Effect::Notice => Tone::Plain,
        };
        table.add_row(vec![
            Cell::new(words::obstacle(obstacle.kind).words),
            toned(words::effect(obstacle.effect).words, tone),
            number(obstacle.customers),
            Cell::new(examples(&obstacle.samples)),
        ]);
    }
    console.table("What stands in the way", &table);
}

/// Up to three examples, one on each line.
fn examples(samples: &[Sample]) -> String {
    let lines: Vec<_> = samples
        .iter()
        .take(3)
        .map(|sample| {
            let mut line = words::clean(if sample.code.is_empty() { &sample.id } else { &sample.code }, 50);
            if !sample.name.is_empty() {
                line.push(' ');
                line.push_str(&words::clean(&sample.name, 50));
            }
            if !sample.detail.is_empty() {
                line.push_str(": ");
                line.push_str(&words::clean(&sample.detail, 120));
            }
            line
        })
        .collect();
    lines.join("\n")
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { words::clean(text, 20) }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(show: impl FnOnce(&mut Console)) -> String {
        let out = Shared::default();
        let mut console = Console::of_streams(
            Box::new(out.clone()),
            Box::new(io::sink()),
            Box::new(io::empty()),
            false,
            false,
        );
        show(&mut console);
        let bytes = out.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_preview_shows_decisions_obstacles_and_the_digest() {
        let text = shown(|console| preview(console, &super::super::samples::run_report()));
        let expected = "\
AvaTax company Demo Company (265001), ERP Embedded ERP

The plan
┌──────────────────┬────────┬─────────────────────────────────┐
│ Decision         ┆ Number ┆ For example                     │
╞══════════════════╪════════╪═════════════════════════════════╡
│ create in AvaTax ┆     12 ┆ C-1 Made-up Mills: no such code │
└──────────────────┴────────┴─────────────────────────────────┘

What stands in the way
┌────────────────────────┬───────────────────┬───────────┬─────────────┐
│ What stands in the way ┆ Effect            ┆ Customers ┆ For example │
╞════════════════════════╪═══════════════════╪═══════════╪═════════════╡
│ no street line         ┆ cannot be created ┆     1,001 ┆ 17          │
└────────────────────────┴───────────────────┴───────────┴─────────────┘

Plan sha256:aa would make 12 writes to AvaTax.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_run_left_open_is_named() {
        let mut report = super::super::samples::run_report();
        report.outcomes = vec![crate::model::onboarding::OutcomeCount {
            operation: crate::model::journal::Operation::CreateCustomer,
            state: OutcomeState::Moved,
            count: 1,
            samples: vec![Sample {
                id: "9".to_owned(),
                code: "C-9\x1b[31m".to_owned(),
                name: String::new(),
                detail: "the name changed".to_owned(),
            }],
        }];
        let text = shown(|console| applied(console, &report));
        assert!(text.contains("changed since the preview, not written"), "{text}");
        assert!(text.contains("C-9 [31m: the name changed"), "{text}");
    }
}
