//! Exit codes, and the one place that decides them.
//!
//! Everything that can go wrong ends as a [`Failure`]: a code, a short name for machines, a sentence for people and
//! the next step. No other module of the command line picks a number. The codes are part of the product's interface
//! and do not change their meaning:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, or nothing was left to do |
//! | 1 | internal fault, a limit of the host stopped the component, or the journal failed or is not what was written |
//! | 2 | usage or configuration: arguments, config file, component file, company code, credentials that are not given |
//! | 3 | confirmation needed: nothing was written, the plan waits for `--confirm DIGEST`, a review for `--yes` |
//! | 4 | done in part: something was refused, moved, is unclear, remains, or the run was stopped |
//! | 5 | AvaTax or the ERP could not be reached, refused the login or a right, or is not ready for use |
//! | 6 | refused because the plan no longer holds: nothing was written, preview again |
//! | 130 | left at once on a second Ctrl-C, or on Ctrl-C while nothing was running |

use super::args::Commands;
use crate::{
    error::{CallError, LoadError},
    model::{
        journal::OutcomeState,
        onboarding::{self, CertificateRole, Preflight, Provisioning, RunReport},
    },
};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing was left to do.
    Done,
    /// Internal fault, or a limit of the host.
    Internal,
    /// Usage or configuration.
    Usage,
    /// A plan waits for confirmation.
    ConfirmationNeeded,
    /// Done in part.
    Partial,
    /// AvaTax or the ERP could not be used.
    Unreachable,
    /// The plan no longer holds.
    PlanGone,
    /// Left at once on Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::ConfirmationNeeded => 3,
            Self::Partial => 4,
            Self::Unreachable => 5,
            Self::PlanGone => 6,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command did not reach its result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} {next}")]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// Kebab-case name for machines; the list stands in `docs/json.md`.
    pub kind: &'static str,
    /// What failed, and on what.
    pub message: String,
    /// What to do; may be empty where the message already says it.
    pub next: String,
}

impl Failure {
    /// A failure from its parts.
    pub fn new(exit: Exit, kind: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { exit, kind, message: message.into(), next: next.into() }
    }

    /// Wrong arguments.
    pub fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message, next)
    }

    /// Something about the configuration.
    pub fn configuration(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "configuration", message, next)
    }

    /// A fault that is nobody's input.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(
            Exit::Internal,
            "internal",
            message,
            "Run the command again; what was done is in the journal.",
        )
    }
}

/// Exit of a run that came to an end with a report: done only when nothing is open and nothing was refused.
#[must_use]
pub fn of_applied(report: &RunReport) -> Exit {
    let all_good = report.outcomes.iter().all(|outcome| {
        outcome.count == 0 || matches!(outcome.state, OutcomeState::Done | OutcomeState::Adopted)
    });
    if all_good && report.remaining == 0 && !report.stopped { Exit::Done } else { Exit::Partial }
}

/// Why AvaTax cannot be used although it answered; none when it can.
#[must_use]
pub fn of_preflight(preflight: &Preflight, commands: &Commands) -> Option<Failure> {
    match preflight.provisioning {
        Provisioning::Provisioned => {}
        Provisioning::InProgress => {
            return Some(Failure::new(
                Exit::Unreachable,
                "not-provisioned",
                "Certificate management is still being set up for this company.",
                format!("Wait some minutes, then run `{}` again.", commands.again),
            ));
        }
        Provisioning::NotProvisioned => return Some(not_provisioned("", commands)),
    }
    (preflight.certificate_role == CertificateRole::Denied).then(|| {
        Failure::new(
            Exit::Unreachable,
            "forbidden",
            "This credential may not create certificates in AvaTax.",
            "Use a credential whose AvaTax role is an administrator of the company or the account.",
        )
    })
}

fn not_provisioned(detail: &str, commands: &Commands) -> Failure {
    let message = if detail.is_empty() {
        "Certificate management (ECMS) is not set up for this company, and nothing was written.".to_owned()
    } else {
        sentence(detail)
    };
    Failure::new(
        Exit::Unreachable,
        "not-provisioned",
        message,
        format!(
            "Ask AvaTax for it with `{}`; if that has been done already, wait some minutes.",
            commands.setup
        ),
    )
}

/// What a person is told to run after a failure.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// The commands to name.
    pub commands: &'a Commands,
    /// Whether a plan is confirmed, so that there is something to go on with.
    pub confirmed: bool,
}

impl<'a> After<'a> {
    fn resume(&self) -> Option<&'a str> {
        self.confirmed.then_some(self.commands.resume.as_str())
    }

    /// What to run once the cause is out of the way.
    fn then(&self) -> String {
        match self.resume() {
            Some(resume) => format!("then go on with `{resume}`"),
            None => format!("then run `{}` again", self.commands.again),
        }
    }
}

/// Turns an error of the component into a failure.
#[must_use]
pub fn of_guest(error: &onboarding::Error, after: &After<'_>) -> Failure {
    use onboarding::Error;
    let then = after.then();
    match error {
        Error::PlanMismatch(mismatch) => {
            let given = &mismatch.given;
            let message = match mismatch.current.as_deref() {
                None => format!("There is no plan {given}, so nothing was written."),
                Some(current) if current == given => {
                    format!("Settings changed since the plan {given} was shown, so nothing was written.")
                }
                Some(current) => {
                    format!(
                        "The plan {given} is not the newest one, which is {current}, so nothing was written."
                    )
                }
            };
            Failure::new(
                Exit::PlanGone,
                "plan-mismatch",
                message,
                format!(
                    "Look at the present plan with `{} --preview` and confirm that one.",
                    after.commands.again
                ),
            )
        }
        Error::InvalidRequest(text) => Failure::new(
            Exit::Usage,
            "invalid-request",
            sentence(text),
            format!("Correct the setting or argument named here, {then}."),
        ),
        Error::Unauthorized(text) => Failure::new(
            Exit::Unreachable,
            "unauthorized",
            sentence(text),
            format!(
                "Check the account number and licence key, and that the base URL is that of the same environment, {then}."
            ),
        ),
        Error::Forbidden(text) => Failure::new(
            Exit::Unreachable,
            "forbidden",
            sentence(text),
            format!(
                "Use a credential with an administrator role, or have the service added to the account, {then}."
            ),
        ),
        Error::Unreachable(text) => Failure::new(
            Exit::Unreachable,
            "unreachable",
            sentence(text),
            format!("Check the base URL and the network, {then}."),
        ),
        Error::CompanyNotFound(text) => Failure::new(
            Exit::Usage,
            "company-not-found",
            sentence(text),
            "Set `company-code` in the configuration to the code of a company of this account.",
        ),
        Error::NotProvisioned(text) => not_provisioned(text, after.commands),
        Error::ErpFailed(text) => Failure::new(
            Exit::Unreachable,
            "erp-failed",
            sentence(text),
            format!("Check `erp` in the configuration and that the ERP can be read, {then}."),
        ),
        Error::DocumentsFailed(text) => Failure::new(
            Exit::Unreachable,
            "documents-failed",
            sentence(text),
            format!("Check the documents folder, {then}."),
        ),
        Error::JournalFailed(text) => Failure::new(
            Exit::Internal,
            "journal-failed",
            sentence(text),
            format!("Check free space and rights of the data folder, {then}."),
        ),
        Error::Stopped => match after.resume() {
            Some(resume) => stopped(resume),
            None => before_anything(&after.commands.again),
        },
    }
}

/// Stopped before anything was planned or written.
#[must_use]
pub fn before_anything(again: &str) -> Failure {
    Failure::new(
        Exit::Partial,
        "stopped",
        "Stopped as you asked, before anything was planned or written.",
        format!("Run `{again}` again whenever you like."),
    )
}

/// Stopped between the preview and what it would have written.
#[must_use]
pub fn not_begun(again: &str) -> Failure {
    Failure::new(
        Exit::Partial,
        "stopped",
        "Stopped as you asked, before anything was written.",
        format!("Run `{again}` again whenever you like."),
    )
}

/// Stopped while a confirmed plan was under way, or before it was begun.
#[must_use]
pub fn stopped(resume: &str) -> Failure {
    Failure::new(
        Exit::Partial,
        "stopped",
        "Stopped as you asked; what was done is in the journal.",
        format!("Go on with `{resume}`."),
    )
}

/// Turns a failed call of the component into a failure. The texts of the host's own errors already say what to do about
/// the cause.
#[must_use]
pub fn of_call(error: &CallError, after: &After<'_>) -> Failure {
    let stopped = |kind: &'static str| {
        let next = after.resume().map(|resume| format!("Go on with `{resume}`.")).unwrap_or_default();
        Failure::new(Exit::Internal, kind, sentence(&error.to_string()), next)
    };
    match error {
        CallError::Guest(error) => of_guest(error, after),
        CallError::Timeout { .. } => stopped("timeout"),
        CallError::Memory { .. } | CallError::Limit { .. } => stopped("limit"),
        CallError::Trap { .. } => stopped("component-fault"),
        CallError::Busy | CallError::Occupied => stopped("busy"),
    }
}

/// Turns a component that could not be loaded into a failure.
#[must_use]
pub fn of_load(error: &LoadError) -> Failure {
    let message = sentence(&error.to_string());
    match error {
        LoadError::Engine { .. } | LoadError::Client { .. } => {
            Failure::new(Exit::Internal, "internal", message, "")
        }
        LoadError::Unreadable { .. } | LoadError::Damaged { .. } | LoadError::TooDemanding { .. } => {
            Failure::new(Exit::Usage, "component", message, "")
        }
        _ => Failure::new(
            Exit::Usage,
            "component",
            message,
            "Build it with `cargo xtask component`, or name another file with `--component`.",
        ),
    }
}

/// Makes a sentence of an error text: cleaned, with a capital for a leading article and a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut text = crate::report::words::clean(text.trim(), 2_000);
    if let Some(rest) = text.strip_prefix("the ") {
        text = format!("The {rest}");
    }
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::model::{
        journal::Operation,
        onboarding::{Error, OutcomeCount, PlanMismatch},
    };

    static COMMANDS: LazyLock<Commands> = LazyLock::new(|| Commands {
        again: "onboard sync".to_owned(),
        resume: "onboard resume --tenant north".to_owned(),
        setup: "onboard sync --request-setup --tenant north".to_owned(),
        report: "onboard report".to_owned(),
    });

    fn planning() -> After<'static> {
        After { commands: &COMMANDS, confirmed: false }
    }

    fn report(states: &[(OutcomeState, u64)], remaining: u64, stopped: bool) -> RunReport {
        let mut report = super::super::samples::run_report();
        report.outcomes = states
            .iter()
            .map(|(state, count)| OutcomeCount {
                operation: Operation::CreateCustomer,
                state: *state,
                count: *count,
                samples: Vec::new(),
            })
            .collect();
        report.remaining = remaining;
        report.stopped = stopped;
        report
    }

    #[test]
    fn every_error_of_the_component_has_its_code_and_a_next_step() {
        let text = || "Something happened".to_owned();
        let mismatch = PlanMismatch { current: None, given: "sha256:0".to_owned() };
        let expected = [
            (Error::PlanMismatch(mismatch), 6, "plan-mismatch"),
            (Error::InvalidRequest(text()), 2, "invalid-request"),
            (Error::Unauthorized(text()), 5, "unauthorized"),
            (Error::Forbidden(text()), 5, "forbidden"),
            (Error::Unreachable(text()), 5, "unreachable"),
            (Error::CompanyNotFound(text()), 2, "company-not-found"),
            (Error::NotProvisioned(text()), 5, "not-provisioned"),
            (Error::ErpFailed(text()), 5, "erp-failed"),
            (Error::DocumentsFailed(text()), 5, "documents-failed"),
            (Error::JournalFailed(text()), 1, "journal-failed"),
            (Error::Stopped, 4, "stopped"),
        ];
        for (error, code, kind) in expected {
            let failure = of_guest(&error, &planning());
            assert_eq!((failure.exit.code(), failure.kind), (code, kind));
            assert!(failure.message.ends_with('.'), "{}", failure.message);
            assert!(failure.next.ends_with('.'), "{}", failure.next);
        }
    }

    #[test]
    fn whatever_cuts_a_confirmed_plan_short_is_followed_by_the_way_to_go_on() {
        let going_on = After { commands: &COMMANDS, confirmed: true };
        let text = || "Something happened".to_owned();
        for error in [
            Error::Unauthorized(text()),
            Error::Forbidden(text()),
            Error::Unreachable(text()),
            Error::ErpFailed(text()),
            Error::DocumentsFailed(text()),
            Error::JournalFailed(text()),
            Error::Stopped,
        ] {
            let failure = of_call(&CallError::Guest(error), &going_on);
            assert!(failure.next.contains("o on with `onboard resume --tenant north`."), "{failure}");
        }
        let failure = of_call(&CallError::Occupied, &going_on);
        assert!(failure.next.contains("Go on with `onboard resume --tenant north`."), "{failure}");
        assert!(!of_guest(&Error::Unreachable(text()), &planning()).next.contains("resume"));
    }

    #[test]
    fn a_stale_digest_names_the_newest_plan_and_the_command_to_see_it() {
        let mismatch = PlanMismatch { current: Some("sha256:b".to_owned()), given: "sha256:a".to_owned() };
        let failure = of_guest(&Error::PlanMismatch(mismatch), &planning());
        assert_eq!(
            failure.to_string(),
            "The plan sha256:a is not the newest one, which is sha256:b, so nothing was written. \
             Look at the present plan with `onboard sync --preview` and confirm that one."
        );
    }

    #[test]
    fn only_a_run_with_nothing_open_and_nothing_refused_is_done() {
        use OutcomeState::{Adopted, Done, Moved, Refused, Unclear};
        assert_eq!(of_applied(&report(&[(Done, 3), (Adopted, 1)], 0, false)), Exit::Done);
        assert_eq!(of_applied(&report(&[(Done, 3), (Refused, 0)], 0, false)), Exit::Done);
        for bad in [Moved, Refused, Unclear] {
            assert_eq!(of_applied(&report(&[(Done, 3), (bad, 1)], 0, false)), Exit::Partial);
        }
        assert_eq!(of_applied(&report(&[(Done, 3)], 1, false)), Exit::Partial);
        assert_eq!(of_applied(&report(&[(Done, 3)], 0, true)), Exit::Partial);
    }

    #[test]
    fn a_company_without_certificate_management_is_told_how_to_get_it() {
        let mut preflight = super::super::samples::run_report().preflight;
        assert_eq!(of_preflight(&preflight, &COMMANDS), None);
        preflight.certificate_role = CertificateRole::Denied;
        assert_eq!(of_preflight(&preflight, &COMMANDS).map(|failure| failure.kind), Some("forbidden"));
        preflight.provisioning = Provisioning::NotProvisioned;
        let failure = of_preflight(&preflight, &COMMANDS).expect("not provisioned");
        assert_eq!(failure.exit.code(), 5);
        assert!(failure.next.contains("`onboard sync --request-setup --tenant north`"), "{failure}");
        let told = of_guest(&Error::NotProvisioned("It is not set up".to_owned()), &planning());
        assert!(told.next.contains("`onboard sync --request-setup --tenant north`"), "{told}");
    }

    #[test]
    fn control_characters_of_a_foreign_text_do_not_reach_the_terminal() {
        let failure = of_guest(&Error::Unreachable("gate\x1b[2Jway".to_owned()), &planning());
        assert_eq!(failure.message, "gate [2Jway.");
    }
}
