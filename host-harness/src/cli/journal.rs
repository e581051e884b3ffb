//! `onboard journal verify` and `onboard journal show`.
//!
//! Both read the journal and nothing else, without its lock, so they work while a run goes on. Verify proves that the
//! entries are those that were written, in their order and without a gap, and prints the head that proves it again
//! later; show lists entries for whoever has to find out what happened.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write as _},
};

use comfy_table::Cell;
use serde_json::{Value, json};

use super::{
    args::{Cli, JournalArgs, JournalCommand, ShowArgs, VerifyArgs},
    console::{Console, grouped, number},
    exit::{Exit, Failure},
    history,
    json::Ending,
    session::JOURNAL,
};
use crate::{
    config::TenantConfig,
    journal::{Broken, JournalOpenError, SqliteJournal, Whole, rules},
    model::journal::{EntryKind, JournalError, OutcomeState, Query, StoredEntry},
    report::{ReportError, render, words},
};

/// What to do about a journal that is not what was written.
pub const REMEDY: &str = "Put back a copy that is whole; or keep this one as evidence, move it and the files beside it \
     elsewhere, and begin with a new preview, which compares everything with AvaTax, so that nothing is written twice.";
/// Characters of a body in a line for people.
const BODY_SHOWN: usize = 400;

/// Runs `onboard journal`.
pub async fn run(
    console: &mut Console,
    tenant: &TenantConfig,
    cli: &Cli,
    args: &JournalArgs,
) -> Result<Ending, Failure> {
    let path = tenant.data_dir.join(JOURNAL);
    let journal = SqliteJournal::open_read_only(&path).map_err(|error| match error {
        JournalOpenError::Missing(_) => Failure::new(Exit::Usage, "journal", error.to_string(), ""),
        // Nothing of it can be proven.
        _ => broken(error.to_string()),
    })?;
    match &args.what {
        JournalCommand::Verify(args) => verify(console, journal, cli, args).await,
        JournalCommand::Show(args) => show(console, &journal, args, &tenant.name),
    }
}

fn broken(message: String) -> Failure {
    Failure::new(Exit::Internal, "journal-broken", message, "Trust nothing that is not proven.")
}

async fn verify(
    console: &mut Console,
    journal: SqliteJournal,
    cli: &Cli,
    args: &VerifyArgs,
) -> Result<Ending, Failure> {
    let heads = args.head.clone();
    let look = move || journal.verify(&heads).map(|whole| (whole, journal.tally(None)));
    let looked = tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| Failure::internal(format!("The check was cut short: {error}.")))?;
    let (whole, tally) = match looked {
        Ok(looked) => looked,
        Err(why) => return Ok(not_whole(&why)),
    };
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, kind, _, count) in tally.map_err(|error| history::of_report(&ReportError::from(error)))? {
        *kinds.entry(rules::kind_name(kind)).or_default() += count;
    }
    let remarks = remarks(&whole);
    say_whole(console, &whole, &kinds, args, &remarks);
    console.note(format!(
        "Keep it elsewhere: `{}` proves later that nothing was cut off.",
        cli.naming(&["journal", "verify", "--head", &whole.head.to_string()])
    ));
    Ok(Ending {
        result: Some(json!({
            "whole": true,
            "entries": whole.head.sequence,
            "kinds": kinds,
            "plans": whole.plans,
            "first_at": some(&whole.first_at),
            "last_at": some(&whole.last_at),
            "head": whole.head.to_string(),
            "heads_held": args.head.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "remarks": remarks,
        })),
        ..Ending::default()
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn not_whole(why: &Broken) -> Ending {
    let next = match why {
        Broken::Other(_) | Broken::CutOff { .. } => {
            "Find the journal that belongs to it, with the files beside it. If an older copy was put back on purpose, move \
             journal.sqlite.head elsewhere; the next preview compares everything with AvaTax, so that nothing is written \
             twice."
        }
        Broken::Unreadable(_) => {
            "Put back a copy that can be read; or move this one and the files beside it elsewhere and begin with a new \
             preview, which compares everything with AvaTax, so that nothing is written twice."
        }
        _ => {
            "Trust what comes before, and nothing from there on. Put back a copy that is whole; or keep this one as \
             evidence, move it and the files beside it elsewhere, and begin with a new preview, which compares everything \
             with AvaTax, so that nothing is written twice."
        }
    };
    Ending {
        result: Some(json!({ "whole": false, "fault": why.name(), "first": why.first() })),
        failure: Some(Failure::new(Exit::Internal, "journal-broken", why.to_string(), next)),
        ..Ending::default()
    }
}

fn say_whole(
    console: &mut Console,
    whole: &Whole,
    kinds: &BTreeMap<&str, u64>,
    args: &VerifyArgs,
    remarks: &[String],
) {
    console.say("The journal is whole: every entry is what was written, in its order, and none is missing.");
    let mut table = console.new_table(&["Entries", "Number"]);
    for (kind, count) in kinds {
        table.add_row(vec![Cell::new(kind), number(*count)]);
    }
    table.add_row(vec![Cell::new("in all"), number(whole.head.sequence)]);
    console.table("What it holds", &table);
    if !whole.first_at.is_empty() {
        console.say(format!(
            "\n{} plans, recorded from {} to {}.",
            grouped(whole.plans),
            render::to_the_second(&whole.first_at),
            render::to_the_second(&whole.last_at)
        ));
    }
    for head in &args.head {
        console.say(format!("It still holds everything up to entry {}, whose head you gave.", head.sequence));
    }
    for remark in remarks {
        console.say(remark);
    }
    console.say(format!("\nHead: {}", whole.head));
}

/// What is odd and proves nothing.
fn remarks(whole: &Whole) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some((count, first)) = whole.set_back {
        let times = if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) };
        remarks.push(format!(
            "A remark: the clock was set back {times}, first at entry {first}, so times do not follow the order of entries. \
             The order is that of their numbers, and nothing rests on the times."
        ));
    }
    let now = jiff::Timestamp::now();
    if whole.last_at.parse::<jiff::Timestamp>().is_ok_and(|last| last > now) {
        remarks.push(
            "A remark: the last entry bears a time that is still to come, so this clock or the one before is wrong."
                .to_owned(),
        );
    }
    remarks
}

fn show(
    console: &mut Console,
    journal: &SqliteJournal,
    args: &ShowArgs,
    tenant: &str,
) -> Result<Ending, Failure> {
    let failed = |error: JournalError| history::of_report(&ReportError::from(error));
    let mut query = Query {
        kind: args.kind,
        operation: None,
        plan: args.plan.map(|plan| plan.to_string()),
        key: None,
        after: 0,
        backwards: false,
        limit: 1,
    };
    let mut open = None;
    if args.open {
        open = Some(open_intents(journal, &query).map_err(failed)?);
        query.kind = Some(EntryKind::Intent);
    }
    let wanted = |stored: &StoredEntry| {
        args.customer.as_ref().is_none_or(|customer| *customer == stored.entry.customer)
            && open.as_ref().is_none_or(|open| open.contains_key(&slot(stored)))
    };
    let is_json = console.is_json();
    let mut out = BufWriter::new(console.out());
    let mut written = if is_json { begin(&mut out, tenant) } else { Ok(()) };
    let mut count = 0_u64;
    let read = journal.for_each(&query, |stored| {
        if written.is_ok() && wanted(&stored) {
            written = if is_json { member(&mut out, &stored, count == 0) } else { line(&mut out, &stored) };
            count += 1;
        }
        written.is_ok()
    });
    if is_json && written.is_ok() {
        written = writeln!(out, "]}}}}");
    }
    let written = written.and_then(|()| out.flush());
    drop(out);
    let ending = Ending { tenant: Some(tenant.to_owned()), printed: is_json, ..Ending::default() };
    let failure = match (read, written) {
        (Err(error), _) => Some(failed(error)),
        // `onboard journal show | head` has seen enough.
        (_, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => None,
        (_, Err(error)) => Some(history::of_report(&error.into())),
        _ => None,
    };
    if failure.is_none() && !is_json {
        console.note(if count == 1 { "1 entry.".to_owned() } else { format!("{} entries.", grouped(count)) });
    }
    Ok(Ending { failure, ..ending })
}

/// What identifies the write that an entry is about.
type Slot = (String, &'static str, String);

fn slot(stored: &StoredEntry) -> Slot {
    let entry = &stored.entry;
    (entry.plan.clone(), rules::operation_name(entry.operation), entry.key.clone())
}

/// Writes that were begun and have no final outcome. Kept are those that are under way at once, not all.
fn open_intents(journal: &SqliteJournal, query: &Query) -> Result<BTreeMap<Slot, ()>, JournalError> {
    let mut open = BTreeMap::new();
    journal.for_each(query, |stored| {
        match (stored.entry.kind, stored.entry.state) {
            (EntryKind::Intent, _) | (EntryKind::Outcome, Some(OutcomeState::Unclear)) => {
                open.insert(slot(&stored), ());
            }
            (EntryKind::Outcome, _) => {
                open.remove(&slot(&stored));
            }
            _ => {}
        }
        true
    })?;
    Ok(open)
}

fn line(out: &mut dyn io::Write, stored: &StoredEntry) -> io::Result<()> {
    let entry = &stored.entry;
    write!(
        out,
        "{} {} {} {}",
        stored.sequence,
        words::clean(&stored.recorded_at, 40),
        rules::kind_name(entry.kind),
        rules::operation_name(entry.operation)
    )?;
    if let Some(state) = entry.state {
        write!(out, " {}", rules::state_name(state))?;
    }
    for (name, value) in [("plan", &entry.plan), ("customer", &entry.customer), ("key", &entry.key)] {
        if !value.is_empty() && (name != "key" || *value != entry.customer) {
            write!(out, " {name} {}", words::clean(value, 100))?;
        }
    }
    writeln!(out, " {}", words::clean(&entry.body, BODY_SHOWN))
}

fn begin(out: &mut dyn io::Write, tenant: &str) -> io::Result<()> {
    write!(
        out,
        "{{\"command\":\"journal\",\"tenant\":{},\"exit_code\":0,\"result\":{{\"entries\":[",
        Value::from(tenant)
    )
}

fn member(out: &mut dyn io::Write, stored: &StoredEntry, first: bool) -> io::Result<()> {
    let entry = &stored.entry;
    // Bodies were checked to be objects when they were written; one that was changed since is shown as text.
    let body = serde_json::from_str(&entry.body).unwrap_or_else(|_| Value::from(entry.body.as_str()));
    let value = json!({
        "sequence": stored.sequence,
        "recorded_at": stored.recorded_at,
        "kind": rules::kind_name(entry.kind),
        "operation": rules::operation_name(entry.operation),
        "plan": entry.plan,
        "key": entry.key,
        "customer": entry.customer,
        "state": entry.state.map(rules::state_name),
        "body": body,
    });
    write!(out, "{}{value}", if first { "" } else { "," })
}
