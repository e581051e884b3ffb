//! Whether certificates have an effect: the answer to a create is no proof, the state-by-state status is.
//!
//! AvaTax processes certificates after it has taken them, so the status is asked again for a while.

use core::time::Duration;

use crate::certificates::Doing;
use crate::ledger::Said;
use crate::model::journal::Operation;
use crate::model::onboarding::{CoverageCount, Error};
use crate::model::progress::Phase;

/// First wait between two questions; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait between two questions.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Asks for every certificate linked under the plan whether its customer is exempt in its state now.
pub(crate) fn of_uploads(doing: &mut Doing<'_>) -> Result<Vec<CoverageCount>, Error> {
    let mut counts: Vec<CoverageCount> = Vec::new();
    let mut open = doing.ledger.written(Operation::LinkCertificate)?;
    let total = open.len() as u64;
    let patience = Duration::from_secs(doing.ports.settings.patience.into());
    let started = doing.avatax.now();
    let mut wait = FIRST_WAIT;
    while !open.is_empty() {
        let wanted =
            open.iter().map(|it| (it.customer.as_str(), it.said.country.as_str(), it.said.region.as_str()));
        let answers = doing.avatax.coverage(wanted);
        let mut waiting = Vec::new();
        for (linked, answer) in open.into_iter().zip(answers) {
            if answer != Ok(true) {
                waiting.push(linked);
                continue;
            }
            count(&mut counts, &linked.said).effective += 1;
            if linked.said.coverage != "Exempt" {
                let said = Said { coverage: "Exempt".to_owned(), detail: String::new(), ..linked.said };
                doing.ledger.end(
                    Operation::LinkCertificate,
                    &linked.key,
                    &linked.customer,
                    linked.state,
                    &said,
                )?;
            }
        }
        open = waiting;
        let covered = total - open.len() as u64;
        let stop = doing.ports.asked_to_stop(Phase::CheckingCoverage, covered, Some(total));
        if open.is_empty() || stop || doing.avatax.now().saturating_sub(started) >= patience {
            break;
        }
        doing.avatax.sleep(wait);
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    for linked in open {
        count(&mut counts, &linked.said).not_yet += 1;
        if linked.said.coverage.is_empty() {
            let detail = "AvaTax does not count the certificate as valid yet.".to_owned();
            let said = Said { coverage: "NotExempt".to_owned(), detail, ..linked.said };
            doing.ledger.end(
                Operation::LinkCertificate,
                &linked.key,
                &linked.customer,
                linked.state,
                &said,
            )?;
        }
    }
    doing.ledger.flush()?;
    Ok(counts)
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
