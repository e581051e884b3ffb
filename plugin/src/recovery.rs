//! What becomes of a write of which nobody knows whether it was done: the rules, for every operation.
//!
//! Before a write its intent is in the journal, after it its outcome. An intent without a final outcome is in doubt,
//! whether the answer was lost a moment ago or the process was killed last week; both are settled here and in the same
//! way, before anything is written again:
//!
//! | operation | looked up by | it is there when | then | if it is not there |
//! |---|---|---|---|---|
//! | create customer | customer code | a customer has the code | adopted if its values are the ERP's or it names the ERP row; else left alone as moved | created again: AvaTax takes a code once only |
//! | update customer | customer code | the fields to fill have our values | adopted | filled again if the record still is what was confirmed; else moved |
//! | create certificate | its unique file name | a certificate has the name | adopted if zone, dates and number are ours; else moved, and not linked | created again |
//! | attach document | the certificate | it has a document | adopted | attached again |
//! | link certificate | the customer's certificates | it is listed | adopted | linked again |
//! | send invitation | the customer's invitations | one asks for the same zones | adopted | sent again |
//!
//! AvaTax may take a while to show what it has stored, so an absence is believed only when the tenant's settling time
//! has passed since the last doubtful write ([`absent`]). Rather than waiting for each, the run goes on, and comes back to
//! what is in doubt in another pass over the plan ([`passes`]). Certificates and invitations are looked up before the
//! first attempt too: unlike a customer's code, nothing keeps AvaTax from taking them twice.
//!
//! What is still in doubt after the last pass is recorded as unclear, never as done or not done. The next run looks again.
//! A preview of certificates gives the same time to what any plan has tried to write and a list does not show ([`late`]).
//! Before a preview closes its plan, it settles what the plan approved last left in doubt ([`older`]): by looking, so
//! nothing is written to AvaTax. So nothing in doubt is ever older than the plan approved last.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::ledger::Ledger;
use crate::model::journal::{EntryKind, Operation, Query};
use crate::model::onboarding::Error;
use crate::plan::{self, Header};
use crate::ports::{Ports, journal_error};

/// Passes in a row that settle nothing before what is in doubt is given up for this run.
const FRUITLESS: u32 = 4;
/// Writes in doubt from which on one fruitless pass is enough: then it is AvaTax that is ill, not a row.
const MANY: usize = 200;
/// First wait between two looks; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Which pass over the plan this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Passes before this one.
    pub earlier: u32,
}

/// Goes over the plan until nothing is in doubt, the person stops, or passes settle nothing any more. The handler does
/// one pass and says whether to go on.
pub fn passes<'a, D>(
    doing: &mut D,
    ledger: impl Fn(&mut D) -> &mut Ledger<'a>,
    mut pass: impl FnMut(&mut D, Pass) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut fruitless = 0;
    for earlier in 0.. {
        let settled = ledger(doing).settled();
        ledger(doing).begin_pass(fruitless + 1 == FRUITLESS);
        let go_on = pass(doing, Pass { earlier })?;
        let ledger = ledger(doing);
        fruitless = if ledger.settled() > settled { 0 } else { fruitless + 1 };
        let doubts = ledger.in_doubt();
        if !go_on || doubts == 0 || fruitless == FRUITLESS {
            break;
        }
        if fruitless > 0 && doubts >= MANY {
            return Err(Error::Unreachable(format!(
                "AvaTax gave no clear answer to any of {doubts} writes, and shows none of them."
            )));
        }
    }
    Ok(())
}

/// Looks for things in doubt until each was found or its absence can be believed; `since` is when the last of them was
/// attempted. The handler looks, settles what it finds, and returns what it does not.
pub fn absent<T>(
    ports: &Ports<'_>,
    since: Duration,
    mut wanted: Vec<T>,
    look: &mut dyn FnMut(Vec<T>) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    let believed = since.saturating_add(Duration::from_secs(ports.settings.settling.into()));
    let mut wait = FIRST_WAIT;
    while !wanted.is_empty() {
        let now = ports.network.now();
        wanted = look(wanted)?;
        if now >= believed {
            break;
        }
        if !wanted.is_empty() {
            ports.network.sleep(wait.min(believed - now));
            wait *= 2;
        }
    }
    Ok(wanted)
}

/// What is said of a write of an older plan that was in doubt and is not there.
pub const SUPERSEDED: &str =
    "It was begun and is not in AvaTax. A newer preview was made since: not written under this plan.";

/// The ledger of the newest plan of a kind that was approved, if it left something in doubt.
///
/// A plan for another company or another AvaTax is left as it is: nothing of it can be looked up here.
pub fn older<'a>(ports: &'a Ports<'a>, kind: Operation, now: &Header) -> Result<Option<Ledger<'a>>, Error> {
    let newest = Query { kind: Some(EntryKind::Approval), backwards: true, limit: 1, ..plan::query(kind) };
    let Some(approved) = ports.journal.read(&newest).map_err(journal_error)?.into_iter().next() else {
        return Ok(None);
    };
    let header = plan::header(ports, kind, &approved.entry.plan)?;
    if header.is_none_or(|it| it.company_id != now.company_id || it.base_url != now.base_url) {
        return Ok(None);
    }
    let ledger = Ledger::open(ports, &approved.entry.plan)?;
    Ok(ledger.left_in_doubt().then_some(ledger))
}

/// What any plan has tried to write, by hash, and how often; read when first asked for.
#[derive(Debug, Default)]
pub struct Tried(RefCell<HashMap<u8, HashMap<u64, usize>>>);

impl Tried {
    /// Of these keys those that some plan has tried to write, with the number of attempts.
    fn of<'k>(
        &self,
        ports: &Ports<'_>,
        operation: Operation,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<Attempts<'k>, Error> {
        let mut keys = keys.into_iter().peekable();
        if keys.peek().is_none() {
            return Ok(Vec::new());
        }
        let mut known = self.0.borrow_mut();
        if let Entry::Vacant(place) = known.entry(operation as u8) {
            let mut tried: HashMap<u64, usize> = HashMap::new();
            let mut intents = Query { kind: Some(EntryKind::Intent), ..plan::query(operation) };
            while let Some(read) = plan::read_on(ports, &mut intents)? {
                for it in &read {
                    *tried.entry(plan::short_hash(&it.entry.key)).or_default() += 1;
                }
            }
            place.insert(tried);
        }
        let Some(tried) = known.get(&(operation as u8)) else { return Ok(Vec::new()) };
        Ok(keys.filter_map(|key| Some((key, *tried.get(&plan::short_hash(key))?))).collect())
    }
}

/// Keys that some plan has tried to write, with the number of attempts.
pub type Attempts<'k> = Vec<(&'k str, usize)>;

/// Looks again, for the settling time since `started`, for what a list does not show though some plan has tried to write
/// it. The handler gets keys with the number of attempts, and returns those that are still not shown.
pub fn late<'k>(
    ports: &Ports<'_>,
    tried: &Tried,
    started: Duration,
    operation: Operation,
    keys: impl IntoIterator<Item = &'k str>,
    look: &mut dyn FnMut(Attempts<'k>) -> Result<Attempts<'k>, Error>,
) -> Result<(), Error> {
    let tried = tried.of(ports, operation, keys)?;
    absent(ports, started, tried, look).map(drop)
}
