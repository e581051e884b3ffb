//! The flow with a component and a person that are played.

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

fn commands() -> Commands {
    Commands {
        again: "onboard sync".to_owned(),
        resume: "onboard resume".to_owned(),
        setup: "onboard sync --request-setup".to_owned(),
        report: "onboard report --tenant north".to_owned(),
    }
}

fn applied() -> RunReport {
    let mut report = crate::cli::samples::run_report();
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
    let request =
        Request { consent: &consent, approved_by: "Kim", commands: &commands(), offers_setup: true };
    let flowed = run(&mut console(answer, can_ask), &request, async |action: Action| {
        asked.push(action.clone());
        match action {
            Action::Preview => {
                let mut report = crate::cli::samples::run_report();
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
    let request =
        Request { consent: &consent, approved_by: "Kim", commands: &commands(), offers_setup: true };
    let mut ready = false;
    let mut asked = Vec::new();
    let flowed = run(&mut console("yes\nyes\n", true), &request, async |action: Action| {
        asked.push(action.clone());
        match action {
            Action::Preview if !ready => Err(Failure::new(Exit::Unreachable, "not-provisioned", "No.", "")),
            Action::RequestSetup(_) => {
                ready = true;
                Ok(crate::cli::samples::run_report())
            }
            Action::Preview => Ok(crate::cli::samples::run_report()),
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
        let request =
            Request { consent: &consent, approved_by: "Kim", commands: &commands(), offers_setup: true };
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
    let request =
        Request { consent: &consent, approved_by: "Kim", commands: &commands(), offers_setup: false };
    let flowed = run(&mut console("", false), &request, async |action: Action| match action {
        Action::Preview => Ok(crate::cli::samples::run_report()),
        _ => Err(Failure::new(Exit::PlanGone, "plan-mismatch", "Gone.", "")),
    })
    .await;
    assert_eq!(exit_of(&flowed), 6);
    assert!(flowed.preview.is_some() && flowed.applied.is_none());
}

#[tokio::test]
async fn a_run_with_open_operations_says_how_to_go_on() {
    let consent = Consent { confirm: Some("sha256:bb".to_owned()), ..Consent::default() };
    let request =
        Request { consent: &consent, approved_by: "Kim", commands: &commands(), offers_setup: false };
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
    assert!(
        failure.next.contains("Go on with `onboard resume`; `onboard report --tenant north` names"),
        "{failure}"
    );
}
