//! Preview, question, apply: the one way in which `sync` and `certificates` come to write anything.
//!
//! The flow does not know the sandbox. It is given a function that runs the component with an action, the streams, and
//! what the person said about consent beforehand, and it ends with what it learnt. Whether to apply is decided by
//! [`next_step`], a function of a few plain values, because that is the decision that must never be wrong.

use serde_json::Value;

use super::{
    args::Consent,
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
    /// The command as a person would write it again, without consent.
    pub again: &'a str,
    /// The command that goes on with what was confirmed.
    pub resume: &'a str,
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
        let failure = exit::of_preflight(&preview.preflight)
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
            console
                .note(format!("Nothing was written. To do it: {} --confirm {}", request.again, plan.digest));
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
                Ok(_) => Flowed { failure: Some(declined(request.again, &plan.digest)), ..flowed },
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
                format!("Confirm exactly this plan with `{} --confirm {}`.", request.again, plan.digest),
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
    let next = format!("Agree with `{} --request-setup --yes`.", request.again);
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
            "Ask for it whenever you like with `onboard sync --request-setup`.",
        ));
    }
    let report = request_setup(console, request.approved_by, call).await?;
    after_setup(&report, request.again).map_or(Ok(()), Err)
}

/// What going on with a confirmed plan tells the person to run.
#[derive(Debug, Clone, Copy)]
pub struct Going<'a> {
    /// The command that makes such a plan, without consent.
    pub again: &'a str,
    /// The command that goes on with what was confirmed.
    pub resume: &'a str,
}

async fn apply(
    console: &mut Console,
    request: &Request<'_>,
    digest: &str,
    before: Flowed,
    call: &mut impl AsyncFnMut(Action) -> Result<RunReport, Failure>,
) -> Flowed {
    let approval = Approval { plan_digest: digest.to_owned(), approved_by: request.approved_by.to_owned() };
    let going = Going { again: request.again, resume: request.resume };
    Flowed { preview: before.preview, ..go_on(console, &going, approval, call).await }
}

/// Does what an approval names, from wherever an earlier call left it.
pub async fn go_on(
    console: &mut Console,
    going: &Going<'_>,
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
            console.say("\nDone. `onboard report` lists every customer.");
            None
        }
        _ => Some(in_part(&report, going)),
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

fn in_part(report: &RunReport, going: &Going<'_>) -> Failure {
    let Going { again, resume } = going;
    let mut message = if report.stopped { "Stopped as you asked" } else { "Done in part" }.to_owned();
    if report.remaining > 0 {
        message.push_str(&format!("; {} operations are not finished", grouped(report.remaining)));
    }
    message.push('.');
    let next = if report.remaining > 0 {
        format!("Go on with `{resume}`; `onboard report` names what a person has to settle.")
    } else {
        format!("`onboard report` names what was not written and why; then make a new plan with `{again}`.")
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
mod tests {
    use std::io;

    use super::*;
    use crate::model::{
        journal::{Operation, OutcomeState},
        onboarding::OutcomeCount,
    };

    fn console(answer: &str, can_ask: bool) -> Console {
        let input = io::Cursor::new(answer.to_owned());
        Console::of_streams(Box::new(io::sink()), Box::new(io::sink()), Box::new(input), can_ask, false)
    }

    fn applied() -> RunReport {
        let mut report = super::super::samples::run_report();
        report.outcomes = vec![OutcomeCount {
            operation: Operation::CreateCustomer,
            state: OutcomeState::Done,
            count: 12,
            samples: Vec::new(),
        }];
        report
    }

    /// Plays a component and records what it was asked to do.
    async fn flow(consent: Consent, answer: &str, can_ask: bool, writes: u64) -> (Flowed, Vec<Action>) {
        let mut asked = Vec::new();
        let request = Request {
            consent: &consent,
            approved_by: "Kim",
            again: "onboard sync",
            resume: "onboard resume",
            offers_setup: true,
        };
        let flowed = run(&mut console(answer, can_ask), &request, async |action: Action| {
            asked.push(action.clone());
            match action {
                Action::Preview => {
                    let mut report = super::super::samples::run_report();
                    if let Some(plan) = &mut report.plan {
                        plan.writes = writes;
                    }
                    Ok(report)
                }
                _ => Ok(applied()),
            }
        })
        .await;
        (flowed, asked)
    }

    fn apply_of(digest: &str) -> Action {
        Action::Apply(Approval { plan_digest: digest.to_owned(), approved_by: "Kim".to_owned() })
    }

    fn exit_of(flowed: &Flowed) -> u8 {
        flowed.failure.as_ref().map_or(0, |failure| failure.exit.code())
    }

    #[tokio::test]
    async fn without_consent_and_without_a_terminal_nothing_is_applied_and_the_command_is_given() {
        let (flowed, asked) = flow(Consent::default(), "yes\n", false, 12).await;
        assert_eq!(asked, [Action::Preview]);
        let failure = flowed.failure.expect("a failure");
        assert_eq!(failure.exit.code(), 3);
        assert_eq!(failure.next, "Confirm exactly this plan with `onboard sync --confirm sha256:aa`.");
    }

    #[tokio::test]
    async fn a_person_at_a_terminal_is_asked_and_only_a_whole_yes_counts() {
        let (flowed, asked) = flow(Consent::default(), "Yes\n", true, 12).await;
        assert_eq!(asked, [Action::Preview, apply_of("sha256:aa")]);
        assert_eq!(exit_of(&flowed), 0);
        for answer in ["y\n", "no\n", "", "yes please\n"] {
            let (flowed, asked) = flow(Consent::default(), answer, true, 12).await;
            assert_eq!(asked, [Action::Preview], "{answer:?}");
            assert_eq!(exit_of(&flowed), 3, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_given_digest_is_applied_as_it_is_without_a_preview() {
        let consent = Consent { confirm: Some("sha256:bb".to_owned()), ..Consent::default() };
        let (flowed, asked) = flow(consent, "", false, 12).await;
        assert_eq!(asked, [apply_of("sha256:bb")]);
        assert_eq!(exit_of(&flowed), 0);
    }

    #[tokio::test]
    async fn yes_applies_the_digest_of_the_preview_and_preview_stops_before() {
        let (_, asked) = flow(Consent { yes: true, ..Consent::default() }, "", false, 12).await;
        assert_eq!(asked, [Action::Preview, apply_of("sha256:aa")]);
        let (flowed, asked) = flow(Consent { preview: true, ..Consent::default() }, "yes\n", true, 12).await;
        assert_eq!(asked, [Action::Preview]);
        assert_eq!(exit_of(&flowed), 0);
    }

    #[tokio::test]
    async fn a_plan_without_writes_asks_nothing_and_is_done() {
        for consent in [Consent::default(), Consent { yes: true, ..Consent::default() }] {
            let (flowed, asked) = flow(consent, "yes\n", true, 0).await;
            assert_eq!(asked, [Action::Preview]);
            assert_eq!(exit_of(&flowed), 0);
        }
    }

    #[tokio::test]
    async fn a_company_without_certificate_management_is_offered_the_set_up_and_then_goes_on() {
        let consent = Consent::default();
        let request = Request {
            consent: &consent,
            approved_by: "Kim",
            again: "onboard sync",
            resume: "onboard resume",
            offers_setup: true,
        };
        let mut ready = false;
        let mut asked = Vec::new();
        let flowed = run(&mut console("yes\nyes\n", true), &request, async |action: Action| {
            asked.push(action.clone());
            match action {
                Action::Preview if !ready => {
                    Err(Failure::new(Exit::Unreachable, "not-provisioned", "No.", ""))
                }
                Action::RequestSetup(_) => {
                    ready = true;
                    Ok(super::super::samples::run_report())
                }
                Action::Preview => Ok(super::super::samples::run_report()),
                _ => Ok(applied()),
            }
        })
        .await;
        assert_eq!(
            asked,
            [Action::Preview, Action::RequestSetup("Kim".to_owned()), Action::Preview, apply_of("sha256:aa")]
        );
        assert_eq!(exit_of(&flowed), 0);
    }

    #[test]
    fn a_set_up_takes_consent_like_every_other_write() {
        let agree = |consent: Consent, answer: &str, can_ask| {
            let request = Request {
                consent: &consent,
                approved_by: "Kim",
                again: "onboard sync",
                resume: "onboard resume",
                offers_setup: true,
            };
            agree_to_setup(&mut console(answer, can_ask), &request).map_err(|failure| failure.exit.code())
        };
        assert_eq!(agree(Consent { yes: true, ..Consent::default() }, "", false), Ok(()));
        assert_eq!(agree(Consent::default(), "yes\n", true), Ok(()));
        assert_eq!(agree(Consent::default(), "no\n", true), Err(3));
        assert_eq!(agree(Consent::default(), "yes\n", false), Err(3));
    }

    #[tokio::test]
    async fn a_refused_plan_ends_with_the_code_of_its_failure_and_keeps_the_preview() {
        let consent = Consent { yes: true, ..Consent::default() };
        let request = Request {
            consent: &consent,
            approved_by: "Kim",
            again: "onboard sync",
            resume: "onboard resume",
            offers_setup: false,
        };
        let flowed = run(&mut console("", false), &request, async |action: Action| match action {
            Action::Preview => Ok(super::super::samples::run_report()),
            _ => Err(Failure::new(Exit::PlanGone, "plan-mismatch", "Gone.", "")),
        })
        .await;
        assert_eq!(exit_of(&flowed), 6);
        assert!(flowed.preview.is_some() && flowed.applied.is_none());
    }

    #[tokio::test]
    async fn a_run_with_open_operations_says_how_to_go_on() {
        let consent = Consent { confirm: Some("sha256:bb".to_owned()), ..Consent::default() };
        let request = Request {
            consent: &consent,
            approved_by: "Kim",
            again: "onboard sync",
            resume: "onboard resume",
            offers_setup: false,
        };
        let flowed = run(&mut console("", false), &request, async |_: Action| {
            let mut report = applied();
            report.remaining = 3;
            report.stopped = true;
            Ok(report)
        })
        .await;
        let failure = flowed.failure.expect("done in part");
        assert_eq!(failure.exit.code(), 4);
        assert_eq!(failure.message, "Stopped as you asked; 3 operations are not finished.");
        assert!(failure.next.contains("Go on with `onboard resume`"));
    }
}
