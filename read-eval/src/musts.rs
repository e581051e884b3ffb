//! What has to hold: the bounds that reading is measured by.
//!
//! A bound about documents that are not there, such as faults in a folder without any, is left out.

use serde::Serialize;

use crate::evaluate::{Outcome, Verdict};
use crate::totals::{CLEAN, Group, SCANS, WITH_TEXT, share};

/// Least share of exact fields where there is text.
const EXACT_WITH_TEXT: f64 = 0.98;
/// Least share of exact fields on scans.
const EXACT_SCANS: f64 = 0.92;
/// Largest share of clean typed certificates that do not pass by themselves.
const CLEAN_HELD_BACK: f64 = 0.25;

/// A bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Must {
    /// What has to hold.
    pub what: &'static str,
    /// Whether it does.
    pub holds: bool,
    /// What was measured, or where it does not hold.
    pub measured: String,
}

/// All bounds that say something about these documents.
#[must_use]
pub fn musts(outcomes: &[Outcome], groups: &[Group]) -> Vec<Must> {
    let sound = || outcomes.iter().filter(|it| it.fault.is_none());
    let group = |name: &str| groups.iter().find(|it| it.name == name);
    let mut musts = vec![
        none("nothing that passes has a wrong purchaser, state, number, reason, date or customer", {
            let accepted = outcomes.iter().map(|it| (it, it.wrongly_accepted()));
            let wrong = accepted.filter(|(_, wrong)| !wrong.is_empty());
            wrong.map(|(it, wrong)| format!("{} ({})", it.id, wrong.join(", "))).collect()
        }),
        none("every form is recognised", sound().filter(|it| !it.form_right()).map(named).collect()),
        none(
            "every customer is found or comes first among the candidates",
            sound().filter(|it| !it.customer_right()).map(named).collect(),
        ),
    ];
    for (what, name, least) in [
        ("of the fields of documents with text, 98 % are exact", WITH_TEXT, EXACT_WITH_TEXT),
        ("of the fields of scans, 92 % are exact", SCANS, EXACT_SCANS),
    ] {
        if let Some(exact) = group(name).and_then(Group::exactness) {
            musts.push(Must { what, holds: exact >= least, measured: percent(exact) });
        }
    }
    if let Some(clean) = group(CLEAN)
        && let Some(held) = share(clean.review + clean.fail, clean.documents)
    {
        let what = "of the clean typed certificates, at most 25 % wait for a person";
        musts.push(Must { what, holds: held <= CLEAN_HELD_BACK, measured: percent(held) });
    }
    if outcomes.iter().any(|it| it.fault.is_some()) {
        let missed = outcomes.iter().filter(|it| it.caught() == Some(false));
        let passing = |it: &Outcome| if it.verdict == Verdict::Pass { " (passes)" } else { "" };
        musts.push(none(
            "every planted fault is caught by its rule",
            missed.map(|it| format!("{}{}", it.id, passing(it))).collect(),
        ));
    }
    musts
}

fn named(outcome: &Outcome) -> String {
    outcome.id.clone()
}

fn none(what: &'static str, but: Vec<String>) -> Must {
    let measured =
        if but.is_empty() { "all".to_owned() } else { format!("{}: {}", but.len(), but.join(", ")) };
    Must { what, holds: but.is_empty(), measured }
}

/// "98.1 %".
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{field, outcome};
    use crate::fields::Agreement;
    use crate::totals::groups;

    fn broken(outcomes: &[Outcome]) -> Vec<(&'static str, String)> {
        let musts = musts(outcomes, &groups(outcomes));
        musts.into_iter().filter(|it| !it.holds).map(|it| (it.what, it.measured)).collect()
    }

    #[test]
    fn a_good_folder_breaks_nothing() {
        assert_eq!(broken(&[outcome("a"), outcome("b")]), []);
    }

    #[test]
    fn what_passes_with_a_wrong_value_is_named() {
        let mut wrong = outcome("a");
        wrong.fields = vec![field("permit_id", Agreement::Wrong)];
        let found = broken(&[wrong.clone()]);
        assert_eq!(found[0].1, "1: a (permit_id)");
        assert_eq!(found[1].1, "0.0 %");
        wrong.verdict = Verdict::Review;
        assert_eq!(broken(&[wrong.clone()]).len(), 1, "a person will see it");
        wrong.verdict = Verdict::Pass;
        wrong.fields = vec![field("street", Agreement::Wrong)];
        wrong.customer_taken = Some("C2".to_owned());
        assert_eq!(broken(&[wrong])[0].1, "1: a (customer)");
    }

    #[test]
    fn shares_have_bounds() {
        let mut scan = outcome("a");
        scan.scan = true;
        scan.fields = vec![field("signer", Agreement::Exact); 23];
        assert_eq!(broken(&[scan.clone()]), []);
        scan.fields.extend(vec![field("signer", Agreement::Unread); 2]);
        assert_eq!(broken(&[scan.clone()]), [], "exactly 92 %");
        scan.fields.push(field("signer", Agreement::Unread));
        assert_eq!(broken(&[scan])[0].1, "88.5 %");
        let mut clean = vec![outcome("a"), outcome("b"), outcome("c"), outcome("d")];
        clean.iter_mut().for_each(|it| it.clean = true);
        clean[0].verdict = Verdict::Review;
        assert_eq!(broken(&clean), []);
        clean[1].verdict = Verdict::Fail;
        assert_eq!(broken(&clean)[0].1, "50.0 %");
    }

    #[test]
    fn faults_have_to_be_caught_by_their_rule() {
        let mut faulty = outcome("f");
        faulty.form_read = "letter".to_owned();
        faulty.fault = Some(("unsigned".to_owned(), "signature-missing".to_owned()));
        assert_eq!(broken(&[faulty.clone()])[0].1, "1: f (passes)");
        faulty.verdict = Verdict::Review;
        assert_eq!(broken(&[faulty.clone()])[0].1, "1: f", "another rule fired");
        faulty.findings.push(crate::evaluate::Fired {
            rule: "signature-missing".to_owned(),
            verdict: Verdict::Pass,
            text: String::new(),
            words: String::new(),
            region: String::new(),
        });
        assert_eq!(broken(&[faulty.clone()]).len(), 1, "a warning stops nothing");
        faulty.findings[0].verdict = Verdict::Review;
        assert_eq!(broken(&[faulty]), [], "its form is not held against the reader");
    }

    #[test]
    fn forms_and_customers_have_to_be_right() {
        let mut other = outcome("a");
        other.form_read = "sst-f0003".to_owned();
        other.verdict = Verdict::Review;
        other.customer_taken = None;
        assert_eq!(broken(&[other.clone()]).len(), 1, "the right customer comes first");
        other.candidates.clear();
        let what: Vec<&str> = broken(&[other]).into_iter().map(|(what, _)| what).collect();
        assert_eq!(
            what,
            ["every form is recognised", "every customer is found or comes first among the candidates"]
        );
    }
}
