//! Preview, question, apply: the one way in which `sync` and `certificates` come to write anything.
//!
//! The flow does not know the sandbox. It is given a function that runs the component with an action, the streams, and
//! what the person said about consent beforehand, and it ends with what it learnt. Whether to apply is decided by
//! [`next_step`], a function of a few plain values, because that is the decision that must never be wrong.

use serde_json::Value;

use super::{
    args::{Commands, Consent},
    console::{Console, grouped},
    exit::{self, Exit, Failure},
    json, show,
};
use crate::{
    model::onboarding::{Action, Approval, Provisioning, RunReport},
    report::words,
};

/// What follows after a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The plan writes nothing.
    NothingLeft,
    /// The person wanted to see it only.
    ShowOnly,
    /// The person agreed beforehand.
    Apply,
    /// Ask the person at the terminal.
    Ask,
    /// Nobody can be asked: say how to confirm.
    ConfirmationNeeded,
}

/// Decides what follows after a preview with that many writes.
#[must_use]
pub const fn next_step(writes: u64, consent: &Consent, can_ask: bool) -> NextStep {
    match (writes, consent.preview, consent.yes, can_ask) {
        (0, ..) => NextStep::NothingLeft,
        (_, true, ..) => NextStep::ShowOnly,
        (_, _, true, _) => NextStep::Apply,
        (_, _, _, true) => NextStep::Ask,
        _ => NextStep::ConfirmationNeeded,
    }
}

/// Only the whole word counts as consent.
#[must_use]
pub fn is_yes(answer: &str) -> bool {
    answer.trim().eq_ignore_ascii_case("yes")
}

/// What a flow is about.
#[derive(Debug)]
pub struct Request<'a> {
    /// What the person said about consent.
    pub consent: &'a Consent,
    /// Who agrees.
    pub approved_by: &'a str,
    /// What sentences tell the person to run.
    pub commands: &'a Commands,
    /// Whether a missing set-up of certificate management may be asked for here.
    pub offers_setup: bool,
}

/// How a flow ended.
#[derive(Debug, Default)]
pub struct Flowed {
    /// The preview, if one was made.
    pub preview: Option<RunReport>,
    /// What was done, if anything was.
    pub applied: Option<RunReport>,
    /// Why it did not end with 0.
    pub failure: Option<Failure>,
}

impl Flowed {
    fn failed(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// The `result` of the JSON document; none when the component answered nothing.
    #[must_use]
    pub fn result(&self) -> Option<Value> {
        if self.preview.is_none() && self.applied.is_none() {
            return None;
        }
        let mut result = serde_json::Map::new();
        if let Some(report) = &self.preview {
            result.insert("preview".to_owned(), json::run_report(report));
        }
        if let Some(report) = &self.applied {
            result.insert("applied".to_owned(), json::run_report(report));
        }
        Some(result.into())
    }
}

/// Runs the flow. `call` runs the component.
pub async fn run(
    console: &mut Console,
    request: &Request<'_>,
    mut call: impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Flowed {
    // The component compares the digest itself, so there is nothing a preview could add.
    if let Some(digest) = &request.consent.confirm {
        return apply(console, request, digest, Flowed::default(), &mut call).await;
    }
    let mut preview = call(Action::Preview).await;
    if request.offers_setup && console.can_ask && is_not_set_up(&preview) {
        match offer_setup(console, request, &mut call).await {
            Ok(()) => preview = call(Action::Preview).await,
            Err(failure) => return Flowed::failed(failure),
        }
    }
    let preview = match preview {
        Ok(preview) => preview,
        Err(failure) => return Flowed::failed(failure),
    };
    show::preview(console, &preview);
    let Some(plan) = preview.plan.clone() else {
        let failure = exit::of_preflight(&preview.preflight, request.commands)
            .unwrap_or_else(|| Failure::internal("The component ended its preview without a plan."));
        return Flowed { preview: Some(preview), failure: Some(failure), ..Flowed::default() };
    };
    let flowed = Flowed { preview: Some(preview), ..Flowed::default() };
    match next_step(plan.writes, request.consent, console.can_ask) {
        NextStep::NothingLeft => {
            console.say("Nothing is left to do; nothing was written.");
            flowed
        }
        NextStep::ShowOnly => {
            console.note(format!(
                "Nothing was written. To do it: {} --confirm {}",
                request.commands.again, plan.digest
            ));
            flowed
        }
        NextStep::Apply => apply(console, request, &plan.digest, flowed, &mut call).await,
        NextStep::Ask => {
            let question = format!(
                "Type yes to write this to AvaTax as {}, anything else to leave it:",
                words::clean(request.approved_by, 200)
            );
            match console.ask(&question) {
                Ok(answer) if is_yes(&answer) => {
                    apply(console, request, &plan.digest, flowed, &mut call).await
                }
                Ok(_) => Flowed { failure: Some(declined(&request.commands.again, &plan.digest)), ..flowed },
                Err(error) => {
                    let failure = Failure::internal(format!("Your answer could not be read: {error}."));
                    Flowed { failure: Some(failure), ..flowed }
                }
            }
        }
        NextStep::ConfirmationNeeded => Flowed {
            failure: Some(Failure::new(
                Exit::ConfirmationNeeded,
                "confirmation-needed",
                format!(
                    "Nothing was written: {} writes to AvaTax wait for confirmation.",
                    grouped(plan.writes)
                ),
                format!(
                    "Confirm exactly this plan with `{} --confirm {}`.",
                    request.commands.again, plan.digest
                ),
            )),
            ..flowed
        },
    }
}

/// Asks AvaTax to set up certificate management and waits for it.
pub async fn request_setup(
    console: &mut Console,
    approved_by: &str,
    call: &mut impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Result<RunReport, Failure> {
    let report = call(Action::RequestSetup(approved_by.to_owned())).await?;
    console.say(format!(
        "Certificate management for {}: {}.",
        words::clean(&report.preflight.company_name, 80),
        words::provisioning(report.preflight.provisioning).words
    ));
    Ok(report)
}

/// Why a finished set-up request is not all that is needed; none when certificate management is ready.
#[must_use]
pub fn after_setup(report: &RunReport, again: &str) -> Option<Failure> {
    (report.preflight.provisioning != Provisioning::Provisioned).then(|| {
        Failure::new(
            Exit::Partial,
            "setup-in-progress",
            "AvaTax has taken the request but has not finished the set-up yet.",
            format!("Wait some minutes, then run `{again}`."),
        )
    })
}

/// Whether the person agrees to the set-up that was asked for by name: beforehand, or at the terminal.
pub fn agree_to_setup(console: &mut Console, request: &Request<'_>) -> Result<(), Failure> {
    if request.consent.yes {
        return Ok(());
    }
    let next = format!("Agree with `{} --request-setup --yes`.", request.commands.again);
    if !console.can_ask {
        return Err(Failure::new(
            Exit::ConfirmationNeeded,
            "confirmation-needed",
            "Nothing was written: the set-up of certificate management changes the account and waits for confirmation.",
            next,
        ));
    }
    if says_yes_to_setup(console, request)? {
        return Ok(());
    }
    Err(Failure::new(
        Exit::ConfirmationNeeded,
        "confirmation-needed",
        "Nothing was written, because you did not agree.",
        next,
    ))
}

fn says_yes_to_setup(console: &mut Console, request: &Request<'_>) -> Result<bool, Failure> {
    let question = format!(
        "Type yes to ask AvaTax to set it up now, as {} (takes some minutes):",
        words::clean(request.approved_by, 200)
    );
    let answer = console
        .ask(&question)
        .map_err(|error| Failure::internal(format!("Your answer could not be read: {error}.")))?;
    Ok(is_yes(&answer))
}

async fn offer_setup(
    console: &mut Console,
    request: &Request<'_>,
    call: &mut impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Result<(), Failure> {
    console.say("Certificate management (ECMS) is not set up for this company in AvaTax.");
    if !says_yes_to_setup(console, request)? {
        return Err(Failure::new(
            Exit::Unreachable,
            "not-provisioned",
            "Nothing was written, because certificate management is not set up for this company.",
            format!("Ask for it whenever you like with `{}`.", request.commands.setup),
        ));
    }
    let report = request_setup(console, request.approved_by, call).await?;
    after_setup(&report, &request.commands.again).map_or(Ok(()), Err)
}

async fn apply(
    console: &mut Console,
    request: &Request<'_>,
    digest: &str,
    before: Flowed,
    call: &mut impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Flowed {
    let approval = Approval { plan_digest: digest.to_owned(), approved_by: request.approved_by.to_owned() };
    Flowed { preview: before.preview, ..go_on(console, request.commands, approval, call).await }
}

/// Does what an approval names, from wherever an earlier call left it.
pub async fn go_on(
    console: &mut Console,
    commands: &Commands,
    approval: Approval,
    mut call: impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Flowed {
    let report = match call(Action::Apply(approval)).await {
        Ok(report) => report,
        Err(failure) => return Flowed::failed(failure),
    };
    show::applied(console, &report);
    let failure = match exit::of_applied(&report) {
        Exit::Done => {
            console.say(format!("\nDone. `{}` lists every customer.", commands.report));
            None
        }
        _ => Some(in_part(&report, commands)),
    };
    Flowed { applied: Some(report), failure, ..Flowed::default() }
}

fn declined(again: &str, digest: &str) -> Failure {
    Failure::new(
        Exit::ConfirmationNeeded,
        "confirmation-needed",
        "Nothing was written, because you did not agree.",
        format!("To do exactly this later: `{again} --confirm {digest}`."),
    )
}

fn in_part(report: &RunReport, commands: &Commands) -> Failure {
    let Commands { again, resume, report: listing, .. } = commands;
    let mut message = if report.stopped { "Stopped as you asked" } else { "Done in part" }.to_owned();
    if report.remaining > 0 {
        message.push_str(&format!("; {} operations are not finished", grouped(report.remaining)));
    }
    message.push('.');
    let next = if report.remaining > 0 {
        format!("Go on with `{resume}`; `{listing}` names what a person has to settle.")
    } else {
        format!("`{listing}` names what was not written and why; then make a new plan with `{again}`.")
    };
    Failure::new(Exit::Partial, "partial", message, next)
}

fn is_not_set_up(preview: &Result<RunReport, Failure>) -> bool {
    match preview {
        Ok(report) => report.plan.is_none() && report.preflight.provisioning == Provisioning::NotProvisioned,
        Err(failure) => failure.kind == "not-provisioned",
    }
}

#[cfg(test)]
mod tests;
