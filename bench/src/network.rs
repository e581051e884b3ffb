//! Onboarding against an AvaTax that takes its time for every answer: how near to the ideal, how many connections.
//!
//! The stand-in answers in a process of its own and holds every answer back. The ideal is the number of requests of a
//! call, in full windows, each taking as long as one answer is held back: no request waits for another, and computing,
//! the journal and the network itself cost nothing. One request after the other for each customer is what it is
//! compared with; what such a request really takes is measured, with a window and a batch of one.
//!
//! The ERP and the journal are files, as `onboard` has them; each append waits for the disk. The times of a preview
//! and of doing what it showed are added up.

use std::{path::Path, sync::Arc};

use host_harness::{
    journal::SqliteJournal,
    model::{
        journal::{Operation, OutcomeState},
        onboarding::{Action, Approval, CertificateOption, RunReport},
        tenant::Settings,
    },
    plugin::{Call, Plugin},
    tenant::Tenant,
};

use crate::{
    Outcome, Sizes,
    avatax::{AvaTax, Seen},
    figure::{Bound, Figure},
    world,
};

/// Requests in flight when customers are created; what `onboard` sets unless told otherwise.
const WINDOW: u32 = 16;
/// The same for invitations.
const INVITATION_WINDOW: u32 = 32;
/// Rows whose customers are created one by one, to know what one request takes.
const ONE_BY_ONE: u32 = 60;

/// All of them.
///
/// # Errors
/// When something cannot be run at all.
pub(crate) async fn figures(sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let plugin = world::plugin(&scratch.join("cache"))?;
    let mut figures = customers(&plugin, sizes, scratch, data).await?;
    figures.extend(invitations(&plugin, sizes, scratch, data).await?);
    Ok(figures)
}

/// What a step is called, and what it has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Creating customers.
    Sync,
    /// Inviting them.
    Invite,
}

/// One call: what it took, and how many requests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Took {
    seconds: f64,
    processor: f64,
    requests: u64,
    memory: u64,
}

impl Took {
    fn of<T>(call: &Call<T>) -> Self {
        Self {
            seconds: call.metrics.wall.as_secs_f64(),
            processor: call.metrics.cpu.as_secs_f64(),
            requests: call.metrics.requests,
            memory: call.metrics.peak_memory_bytes,
        }
    }

    /// Seconds that so many requests take when every window is full.
    fn ideal(self, sizes: Sizes, window: u32) -> f64 {
        self.requests.div_ceil(window.into()) as f64 * sizes.latency.as_secs_f64()
    }
}

/// A preview and doing what it showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// The preview.
    pub(crate) preview: Took,
    /// Doing it.
    pub(crate) apply: Took,
    /// Writes that ended well.
    pub(crate) done: u64,
}

impl Run {
    /// Seconds of both.
    pub(crate) fn seconds(self) -> f64 {
        self.preview.seconds + self.apply.seconds
    }

    /// Most memory that the component had, in KiB.
    pub(crate) fn component_kib(self) -> u64 {
        self.preview.memory.max(self.apply.memory) / 1024
    }

    fn over_ideal(self, sizes: Sizes, window: u32) -> f64 {
        let ideal = self.preview.ideal(sizes, window) + self.apply.ideal(sizes, window);
        self.seconds() / ideal
    }

    fn doing_it(self, what: &str, sizes: Sizes, window: u32) -> Figure {
        let name = format!("{what} / ideal, doing it alone");
        let ideal = self.apply.ideal(sizes, window);
        let from = format!("{:.2} s / {ideal:.2} s", self.apply.seconds);
        Figure::ratio(&name, Bound::Most(1.3), self.apply.seconds / ideal, from)
    }
}

/// Previews a step and does what was shown.
///
/// # Errors
/// When a call fails, or leaves something open.
pub(crate) async fn onboard(plugin: &Plugin, tenant: &Tenant, step: Step) -> Outcome<Run> {
    let preview = call(plugin, tenant, step, Action::Preview).await;
    let previewed = Took::of(&preview);
    let plan_digest = preview.value?.plan.ok_or("the preview made no plan")?.digest;
    let approval = Approval { plan_digest, approved_by: "Benchmark".to_owned() };
    let apply = call(plugin, tenant, step, Action::Apply(approval)).await;
    let applied = Took::of(&apply);
    let report = apply.value?;
    if report.remaining > 0 {
        return Err(format!("{} writes are still open", report.remaining).into());
    }
    let operation = match step {
        Step::Sync => Operation::CreateCustomer,
        Step::Invite => Operation::SendInvitation,
    };
    let well =
        report.outcomes.iter().filter(|it| it.operation == operation && it.state == OutcomeState::Done);
    Ok(Run { preview: previewed, apply: applied, done: well.map(|it| it.count).sum() })
}

async fn call(plugin: &Plugin, tenant: &Tenant, step: Step, action: Action) -> Call<RunReport> {
    match step {
        Step::Sync => plugin.sync_metered(tenant, action).await,
        Step::Invite => plugin.onboard_certificates_metered(tenant, CertificateOption::Invite, action).await,
    }
}

/// A tenant over files, who works with this stand-in.
///
/// # Errors
/// When a file cannot be made or opened.
pub(crate) fn writing(
    base_url: &str,
    erp: &Path,
    folder: &Path,
    change: fn(&mut Settings),
) -> Outcome<Tenant> {
    std::fs::create_dir_all(folder)?;
    let journal = SqliteJournal::open(&folder.join("journal.sqlite"))?;
    let mut settings = world::settings(base_url);
    change(&mut settings);
    world::tenant(Arc::new(world::open_erp(erp)?), Arc::new(journal), settings)
}

async fn customers(plugin: &Plugin, sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let avatax = AvaTax::start(sizes.latency)?;
    let erp = world::write_erp(data, sizes.synced)?;
    let tenant = writing(&avatax.base_url, &erp, &scratch.join("sync"), |it| it.window = WINDOW)?;
    let run = onboard(plugin, &tenant, Step::Sync).await?;
    let again = Took::of(&plugin.sync_metered(&tenant, Action::Preview).await);
    let seen = avatax.end()?;
    let one = one_by_one(plugin, sizes, scratch, data).await?;
    if run.done != seen.customers as u64 {
        return Err(format!("{} customers were created, AvaTax has {}", run.done, seen.customers).into());
    }
    let total = run.seconds();
    let all_by_one = one * run.done as f64;
    Ok(vec![
        Figure::ratio(
            "sync / ideal for its window, preview and doing it",
            Bound::Most(1.3),
            run.over_ideal(sizes, WINDOW),
            words("created", run, sizes, WINDOW, &seen),
        ),
        run.doing_it("sync", sizes, WINDOW),
        Figure::ratio(
            "one call a customer in sequence / sync",
            Bound::Least(50.0),
            all_by_one / total,
            format!("{all_by_one:.0} s, {:.1} ms a call as measured / {total:.2} s", one * 1e3),
        ),
        Figure::ratio(
            "preview when all are there / ideal for its window",
            Bound::None,
            again.seconds / again.ideal(sizes, WINDOW),
            format!(
                "{} requests in {:.2} s, {:.2} s of the processor",
                again.requests, again.seconds, again.processor
            ),
        ),
        connections("sync", &seen, WINDOW),
    ])
}

/// Seconds of one call in a sequence of them.
async fn one_by_one(plugin: &Plugin, sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<f64> {
    let avatax = AvaTax::start(sizes.latency)?;
    let erp = world::write_erp(data, ONE_BY_ONE)?;
    let tenant = writing(&avatax.base_url, &erp, &scratch.join("one-by-one"), |it| {
        (it.window, it.batch_size) = (1, 1);
    })?;
    let run = onboard(plugin, &tenant, Step::Sync).await?;
    avatax.end()?;
    Ok(run.apply.seconds / run.apply.requests as f64)
}

async fn invitations(plugin: &Plugin, sizes: Sizes, scratch: &Path, data: &Path) -> Outcome<Vec<Figure>> {
    let avatax = AvaTax::start(sizes.latency)?;
    let erp = world::write_erp(data, sizes.invited)?;
    let tenant =
        writing(&avatax.base_url, &erp, &scratch.join("invite"), |it| it.window = INVITATION_WINDOW)?;
    onboard(plugin, &tenant, Step::Sync).await?;
    let run = onboard(plugin, &tenant, Step::Invite).await?;
    let seen = avatax.end()?;
    if run.done != seen.invitations as u64 {
        return Err(format!("{} invitations were sent, AvaTax has {}", run.done, seen.invitations).into());
    }
    Ok(vec![
        Figure::ratio(
            "invitations / ideal for their window, preview and doing it",
            Bound::Most(1.3),
            run.over_ideal(sizes, INVITATION_WINDOW),
            words("invited", run, sizes, INVITATION_WINDOW, &seen),
        ),
        run.doing_it("invitations", sizes, INVITATION_WINDOW),
        connections("invitations", &seen, INVITATION_WINDOW),
    ])
}

fn words(what: &str, run: Run, sizes: Sizes, window: u32, seen: &Seen) -> String {
    let step = |took: Took| {
        format!(
            "{} requests in {:.2} s, ideal {:.2} s, processor {:.2} s",
            took.requests,
            took.seconds,
            took.ideal(sizes, window),
            took.processor
        )
    };
    format!(
        "{} {what}, window {window}; preview: {}; doing it: {}; stand-in's processor {:.2} s",
        run.done,
        step(run.preview),
        step(run.apply),
        seen.processor
    )
}

fn connections(what: &str, seen: &Seen, window: u32) -> Figure {
    let name = format!("connections opened / window, {what}");
    let from = format!(
        "{} connections for {} requests, at most {} at a time, window {window}",
        seen.connections, seen.requests, seen.in_flight
    );
    Figure::ratio(&name, Bound::Most(1.0), seen.connections as f64 / f64::from(window), from)
}
