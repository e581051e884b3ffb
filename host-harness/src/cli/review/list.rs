//! `onboard review`: what waits for a person, worst first, and apart from it the documents in which there was nothing
//! to judge.

use comfy_table::Cell;
use serde_json::{Value, json};

use super::{
    certificate::SURE,
    pool::{Pool, Summary},
};
use crate::{
    cli::{
        args::Cli,
        console::{Console, Tone, grouped, toned},
    },
    model::onboarding::Decision,
    report::{render::to_the_second, words},
};

/// Certificates and documents shown to people; the JSON names all.
const SHOWN: usize = 50;

/// Shows the list and returns it for machines.
pub fn show(console: &mut Console, pool: &Pool, cli: &Cli, all: bool) -> Value {
    let (waiting, decided): (Vec<&Summary>, Vec<_>) =
        pool.certificates.iter().partition(|summary| summary.waits);
    if pool.plan.is_none() {
        console.say(format!(
            "No certificates have been planned yet, so nothing waits. Start with `{}`.",
            cli.naming(&["certificates", "upload", "--preview"])
        ));
    } else if waiting.is_empty() {
        console.say("Nothing waits for a person.");
    } else {
        table(console, "Certificates that wait for a person, worst first", &waiting);
        console.note(format!(
            "\nLook at one with `{}`, then `{}`, or `reject` in its place.",
            cli.naming(&["review", "show", "ID"]),
            cli.naming(&["review", "accept", "ID", "--by", "NAME", "--reason", "TEXT"])
        ));
    }
    if all && !decided.is_empty() {
        table(console, "Decided by a person", &decided);
    }
    unread(console, pool);
    let mut result = json!({
        "action": "list", "plan": pool.plan, "waiting": waiting, "unread": pool.unread,
    });
    if let (true, Some(result)) = (all, result.as_object_mut()) {
        result.insert("decided".to_owned(), json!(decided));
    }
    result
}

fn table(console: &mut Console, title: &str, summaries: &[&Summary]) {
    let mut table = console.new_table(&["Id", "Document", "Purchaser", "What is in doubt", "Least sure"]);
    for summary in summaries.iter().take(SHOWN) {
        let invalid = summary.decision == words::decision(Decision::Invalid).name;
        table.add_row(vec![
            toned(&summary.id, if invalid { Tone::Bad } else { Tone::Warn }),
            Cell::new(document(summary)),
            Cell::new(&summary.purchaser),
            Cell::new(doubts(summary)),
            sureness(summary.lowest_confidence),
        ]);
    }
    console.table(title, &table);
    more(console, summaries.len());
}

fn document(summary: &Summary) -> String {
    let mut text = summary.document.clone();
    if summary.first_page > 1 {
        text.push_str(&format!(", page {}", summary.first_page));
    }
    if !summary.form_name.is_empty() {
        text.push('\n');
        text.push_str(&summary.form_name);
    }
    text
}

/// What is the matter with a certificate: findings, else what the plan says, and the last word on it.
fn doubts(summary: &Summary) -> String {
    let mut lines = summary.findings.clone();
    let hidden = (summary.fails + summary.reviews).saturating_sub(lines.len());
    if hidden > 0 {
        lines.push(format!("… and {hidden} more"));
    }
    if lines.is_empty() {
        lines.push(summary.detail.clone());
    }
    if let Some(word) = &summary.word {
        let and_yet = if summary.waits { ", and the newest plan still has its doubts" } else { "" };
        lines.push(format!("{} by {}, {}{and_yet}", word.verdict.words(), word.by, to_the_second(&word.at)));
    }
    lines.join("\n")
}

/// How sure something is, in per cent.
pub(super) fn sureness(share: f32) -> Cell {
    let tone = if share >= SURE { Tone::Good } else { Tone::Warn };
    toned(&percent(share), tone).set_alignment(comfy_table::CellAlignment::Right)
}

/// A share in per cent; never rounded up to certainty.
fn percent(share: f32) -> String {
    format!("{} %", (share * 100.0 + 0.001).floor())
}

fn unread(console: &mut Console, pool: &Pool) {
    if pool.unread.is_empty() {
        return;
    }
    let mut table = console.new_table(&["Document", "Decision", "Why"]);
    for document in pool.unread.iter().take(SHOWN) {
        let decision = words::decision_named(document.decision);
        table.add_row(vec![
            Cell::new(&document.document),
            Cell::new(decision.map_or(document.decision, |decision| words::decision(decision).words)),
            Cell::new(&document.detail),
        ]);
    }
    console.table("Documents in which no certificate could be judged", &table);
    more(console, pool.unread.len());
}

fn more(console: &mut Console, count: usize) {
    let hidden = count.saturating_sub(SHOWN) as u64;
    if hidden > 0 {
        console.say(format!("… and {} more; --json names all of them.", grouped(hidden)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn almost_certain_is_not_certain() {
        assert_eq!([0.0, 0.58, 0.29, 0.999, 1.0].map(percent), ["0 %", "58 %", "29 %", "99 %", "100 %"]);
    }
}
