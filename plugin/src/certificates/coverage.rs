//! Whether certificates have an effect: the answer to a create is no proof, the state-by-state status is.
//!
//! AvaTax processes certificates after it has taken them, so the status is asked again for a while.

use core::time::Duration;
use std::collections::HashSet;

use crate::avatax::Failure;
use crate::certificates::{Doing, place};
use crate::ledger::{Said, Written};
use crate::model::journal::Operation;
use crate::model::onboarding::{CoverageCount, Error};
use crate::model::progress::Phase;

/// First wait between two questions; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Questions asked in one go, so that memory stays flat.
const ASKED_AT_ONCE: usize = 500;
/// Longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Asks for every certificate linked under the plan whether its customer is exempt in its state now.
pub(crate) fn of_uploads(doing: &mut Doing<'_>) -> Result<Vec<CoverageCount>, Error> {
    let mut counts: Vec<CoverageCount> = Vec::new();
    // Two certificates may cover the same customer in the same state; they count once.
    let mut counted = HashSet::new();
    let mut denied = HashSet::new();
    let mut open = doing.ledger.written(Operation::LinkCertificate)?;
    let total = open.len() as u64;
    let patience = Duration::from_secs(doing.ports.settings.patience.into());
    let started = doing.avatax.now();
    let mut wait = FIRST_WAIT;
    let mut stop = false;
    while !open.is_empty() && !stop {
        let mut waiting = Vec::new();
        let mut rest = open.into_iter().peekable();
        while rest.peek().is_some() {
            let asked: Vec<Written> = rest.by_ref().take(ASKED_AT_ONCE).collect();
            let places = asked
                .iter()
                .map(|it| (it.customer.as_str(), it.said.country.as_str(), it.said.region.as_str()));
            for (answer, linked) in doing.avatax.coverage(places).into_iter().zip(&asked) {
                match answer {
                    Ok(true) => {
                        if counted.insert(place_of(linked)) {
                            count(&mut counts, &linked.said).effective += 1;
                        }
                        record(doing, linked, "Exempt", "")?;
                    }
                    Err(failure @ (Failure::Unauthorized(_) | Failure::Forbidden(_))) => {
                        return Err(failure.error());
                    }
                    Ok(false) => {
                        denied.insert(place_of(linked));
                        waiting.push(linked.clone());
                    }
                    Err(_) => waiting.push(linked.clone()),
                }
            }
            let covered = counted.len() as u64;
            doing.stopped |=
                doing.ports.asked_to_stop(Phase::CheckingCoverage, covered.min(total), Some(total));
        }
        open = waiting;
        stop = doing.stopped || doing.avatax.now().saturating_sub(started) >= patience;
        if !open.is_empty() && !stop {
            doing.avatax.sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
    for linked in &open {
        if counted.insert(place_of(linked)) {
            count(&mut counts, &linked.said).not_yet += 1;
        }
        // What AvaTax did not answer is not said in its name.
        if linked.said.coverage.is_empty() && denied.contains(&place_of(linked)) {
            record(doing, linked, "NotExempt", "AvaTax does not count the certificate as valid yet.")?;
        }
    }
    doing.ledger.flush()?;
    Ok(counts)
}

fn place_of(linked: &Written) -> u64 {
    place(&linked.customer, &linked.said.country, &linked.said.region)
}

/// Records what AvaTax answers, if that is news.
fn record(doing: &mut Doing<'_>, linked: &Written, coverage: &str, detail: &str) -> Result<(), Error> {
    if linked.said.coverage == coverage {
        return Ok(());
    }
    let said = Said { coverage: coverage.to_owned(), detail: detail.to_owned(), ..linked.said.clone() };
    doing.ledger.end(Operation::LinkCertificate, &linked.key, &linked.customer, linked.state, &said)
}

/// The count of a state; states are few.
fn count<'c>(counts: &'c mut Vec<CoverageCount>, said: &Said) -> &'c mut CoverageCount {
    let at = counts.iter().position(|it| it.country == said.country && it.region == said.region);
    let at = at.unwrap_or_else(|| {
        let (country, region) = (said.country.clone(), said.region.clone());
        counts.push(CoverageCount { country, region, effective: 0, not_yet: 0 });
        counts.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "found or just pushed")]
    &mut counts[at]
}
