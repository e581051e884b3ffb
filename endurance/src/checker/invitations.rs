//! Invitations: one for each exempt customer without a certificate, to its own address, for its own states.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Evidence, Fault, Findings};
use crate::avatax::{Effect, text};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Findings) {
    let mut known = BTreeSet::new();
    for customer in &evidence.company.customers {
        known.insert(customer.code.as_str());
        let subject = format!("invitation of {}", customer.code);
        let sent: Vec<&Effect> = sent(evidence).filter(|it| it.code() == customer.code).collect();
        if customer.exempt_in.is_empty() || evidence.company.has_paper(customer) {
            if !sent.is_empty() {
                found.add(Fault::Extra, subject, "the customer did not have to be invited");
            }
            continue;
        }
        found.once(sent.len(), &customer.code, &subject);
        for invitation in sent {
            if invitation.text("recipient") != customer.email {
                let detail =
                    format!("it went to '{}' and not to '{}'", invitation.text("recipient"), customer.email);
                found.add(Fault::Wrong, &subject, detail);
            }
            if invitation.text("deliveryMethod") != "Email" {
                found.add(Fault::Wrong, &subject, "it was not sent by e-mail");
            }
            let ids = invitation.detail.get("exposureZones").and_then(Value::as_array);
            let asked: BTreeSet<&str> = ids
                .into_iter()
                .flatten()
                .filter_map(|id| evidence.books.zones.get(&id.as_u64()?))
                .map(String::as_str)
                .collect();
            let wanted: BTreeSet<&str> = customer.exempt_in.iter().copied().collect();
            if asked != wanted {
                found.add(Fault::Wrong, &subject, format!("it asks for {asked:?} and has to for {wanted:?}"));
            }
        }
    }
    for invitation in sent(evidence).filter(|it| !known.contains(it.code())) {
        found.add(
            Fault::Extra,
            format!("invitation of {}", invitation.code()),
            "the ERP has no such customer",
        );
    }
    // Other people invite their own customers.
    let ours = |row: &&Value| known.contains(text(row, "customerCode"));
    let (listed, made) = (evidence.books.invitations.iter().filter(ours).count(), sent(evidence).count());
    if listed != made {
        found.add(Fault::Wrong, "invitations", format!("AvaTax lists {listed}, {made} were made"));
    }
}

fn sent<'a>(evidence: &Evidence<'a>) -> impl Iterator<Item = &'a Effect> {
    evidence.effects.iter().filter(|effect| effect.kind == "invitation-created" && !effect.is_foreign())
}
