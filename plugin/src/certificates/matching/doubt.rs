//! Whether the best customer is taken without a person, and if not, why, and who else it may be.

use crate::certificates::matching::{AHEAD, Candidate, Compared, KEPT, Match, NAMES_ALIKE, SAME_NAME, SURE};
use crate::certificates::rules::{Field, Severity};
use crate::certificates::understand::judge::Finding;
use crate::order;

/// Candidates in their order, and why the first is not taken.
pub(super) fn judge(compared: Compared<'_>) -> Match {
    let Some(mut doubt) = doubt(&compared) else {
        return Match { candidates: compared.best, doubt: None };
    };
    let before = compared.best.first().map(|it| it.id.clone());
    let unnamed = compared.names.is_empty();
    let mut named = Vec::new();
    let mut candidates = compared.best;
    for (spoken, by_name) in compared.spoken {
        named.extend(by_name.then(|| spoken.id.clone()));
        match candidates.iter_mut().find(|known| known.id == spoken.id) {
            Some(known) if known.score < spoken.score => *known = spoken,
            Some(_) => {}
            None => candidates.push(spoken),
        }
    }
    let mut candidates = order::sorted(candidates, |it| (order::rising(1.0 - it.score), 0));
    candidates.truncate(KEPT);
    if let Some(first) = candidates.first() {
        let other = before.as_ref() != Some(&first.id);
        if unnamed && named.contains(&first.id) {
            doubt.rule = "purchaser-unmatched";
            doubt.text = format!(
                "The purchaser's name was not read, but customer {} ({}) fits: {}.",
                first.code, first.name, first.why
            );
        } else if other {
            doubt.text = format!(
                "{} Perhaps it is customer {} ({}): {}.",
                doubt.text, first.code, first.name, first.why
            );
        }
    }
    Match { candidates, doubt: Some(doubt) }
}

fn doubt(compared: &Compared<'_>) -> Option<Finding> {
    let certificate = compared.wanted.certificate;
    let finding = |rule, text: String| {
        let value = certificate.value(Field::Purchaser);
        Some(Finding {
            rule,
            severity: Severity::Review,
            text,
            words: certificate.text(Field::Purchaser).to_owned(),
            page: value.map_or(certificate.first_page, |value| value.page),
            area: value.and_then(|value| value.area),
            region: String::new(),
        })
    };
    let mut best = compared.best.iter();
    let Some(first) = best.next() else {
        return match (compared.wanted.chosen, compared.wanted.attached_to) {
            (Some(code), _) => finding(
                "purchaser-unmatched",
                format!("No customer in use has the code {code} that was chosen."),
            ),
            (None, Some(_)) => finding(
                "purchaser-unmatched",
                "The customer it is attached to is not in use any more.".to_owned(),
            ),
            (None, None) => {
                finding("purchaser-unmatched", "No customer has the purchaser's name.".to_owned())
            }
        };
    };
    let named = |it: &Candidate| format!("{} ({})", it.code, it.name);
    if first.code.is_empty() {
        return finding(
            "purchaser-unmatched",
            format!("The customer, {}, has no customer code.", first.name),
        );
    }
    if compared.wanted.chosen.is_some() {
        return None;
    }
    if first.alike < NAMES_ALIKE {
        let (rule, text) = if compared.wanted.attached_to.is_some() {
            ("purchaser-unmatched", "The purchaser named is not the customer it is attached to")
        } else {
            ("same-address-other-entity", "Another legal entity is at the purchaser's address")
        };
        return finding(rule, format!("{text}: customer {}.", named(first)));
    }
    if first.score < SURE || first.alike < SAME_NAME {
        let text = format!("Customer {} is like the purchaser, but not enough: {}.", named(first), first.why);
        return finding("purchaser-unmatched", text);
    }
    let second = best.find(|it| it.alike >= NAMES_ALIKE)?;
    if first.score - second.score >= AHEAD {
        return None;
    }
    let family = if first.parent == second.id || second.parent == first.id {
        "; one is the parent of the other"
    } else {
        ""
    };
    finding(
        "purchaser-ambiguous",
        format!("Customers {} and {} are both like the purchaser{family}.", named(first), named(second)),
    )
}
