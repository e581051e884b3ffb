//! The result for machines: one JSON document with everything that was measured.

use serde::Serialize;

use crate::evaluate::Outcome;
use crate::musts::Must;
use crate::totals::{FieldCounts, Group, by_field};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    documents: Vec<Document<'a>>,
    totals: &'a [Group],
    fields: Vec<FieldCounts>,
    musts: &'a [Must],
    peak_memory_bytes: Option<u64>,
}

/// One certificate, with what follows from it.
#[derive(Debug, Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    form_right: bool,
    customer_right: bool,
    customer_automatic: bool,
    wrongly_accepted: Vec<&'static str>,
    accepted_without: Vec<&'static str>,
    caught: Option<bool>,
}

impl<'a> Report<'a> {
    /// Puts it together.
    #[must_use]
    pub fn new(outcomes: &'a [Outcome], totals: &'a [Group], musts: &'a [Must], peak: Option<u64>) -> Self {
        let document = |outcome: &'a Outcome| Document {
            outcome,
            form_right: outcome.form_right(),
            customer_right: outcome.customer_right(),
            customer_automatic: outcome.customer_automatic(),
            wrongly_accepted: outcome.wrongly_accepted(),
            accepted_without: outcome.accepted_without(),
            caught: outcome.caught(),
        };
        let documents = outcomes.iter().map(document).collect();
        let fields = by_field(outcomes);
        Self { documents, totals, fields, musts, peak_memory_bytes: peak }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::tests::{field, outcome};
    use crate::fields::Agreement;

    #[test]
    fn a_document_says_what_is_wrong_with_it() {
        let mut wrong = outcome("a");
        wrong.fields = vec![field("expiry_iso", Agreement::Wrong), field("permit_id", Agreement::Unread)];
        let outcomes = [wrong];
        let report = serde_json::to_value(Report::new(&outcomes, &[], &[], Some(7))).unwrap();
        let document = &report["documents"][0];
        assert_eq!(document["id"], "a");
        assert_eq!(document["wrongly_accepted"], serde_json::json!(["expiry_iso"]));
        assert_eq!(document["accepted_without"], serde_json::json!(["permit_id"]));
        assert_eq!(document["fields"][0]["agreement"], "wrong");
        assert_eq!((&document["verdict"], &report["peak_memory_bytes"]), (&"pass".into(), &7.into()));
    }
}
