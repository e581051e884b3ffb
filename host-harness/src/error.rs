//! Why a component could not be loaded, and why a call failed.
//!
//! Both errors are closed lists, so that a host can tell its own faults (a limit, a deadline, no free slot) from those
//! of the component and from what the component reported as its answer. Texts are sentences for the person who runs
//! the onboarding. Whatever a component says is foreign text: it is shortened and stripped of control characters by
//! `plain` before it stands in one of them.

use std::{path::PathBuf, time::Duration};

use crate::model::onboarding;

/// Longest text of a component inside an error, in characters.
const MESSAGE_CHARS: usize = 1_000;
/// Longest technical detail, in characters.
const DETAIL_CHARS: usize = 4_000;

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The machine cannot run the sandbox.
    #[error(
        "The sandbox could not be set up on this machine: {reason}. Check its free memory and address space."
    )]
    Engine {
        /// What wasmtime said.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("The HTTPS client could not be set up: {reason}.")]
    Client {
        /// What the TLS library said.
        reason: String,
    },
    /// The file cannot be read.
    #[error("The component {path} could not be read: {source}. Build it with `cargo xtask component`, or name another file.", path = .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Refused before compiling.
    #[error("The component {path} has more than {max} bytes, which is the limit of this host. It was not compiled.", path = .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit.
        max: u64,
    },
    /// Something else than WebAssembly.
    #[error("{path} is not a WebAssembly component: {reason}.", path = .path.display())]
    NotAComponent {
        /// Which file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// Starts like a component but is not a valid one.
    #[error("The component {path} is damaged or incomplete: {reason}. Build or copy it again.", path = .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the validator said.
        reason: String,
    },
    /// A valid component that could not even be started within the limits of the host.
    #[error("The component {path} wants more than this host gives to any call: {reason}. A host sets its ceiling in its limits.", path = .path.display())]
    TooDemanding {
        /// Which file.
        path: PathBuf,
        /// What it wants, and what there is.
        reason: String,
    },
    /// The component wants more than an onboarding component gets.
    #[error(
        "The component imports `{import}`, which this host does not give to onboarding components. It may import only the `ecms:onboarding` interfaces, wasi:http, wasi:io and the clocks of wasi:clocks."
    )]
    UnknownImport {
        /// Full name of the import.
        import: String,
    },
    /// The component lacks the onboarding interface.
    #[error(
        "The component does not export `{export}`, so it is not an onboarding component of this version. It exports: {found}."
    )]
    MissingExport {
        /// What was looked for.
        export: String,
        /// What is there.
        found: String,
    },
    /// Right names, wrong types.
    #[error(
        "The component does not fit the contract of this host: {reason}. Component and host come from different versions."
    )]
    Mismatch {
        /// What the linker said.
        reason: String,
    },
}

/// Why a call ended without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The component's own, typed answer that it could not do it.
    #[error("{}", guest_text(.0))]
    Guest(onboarding::Error),
    /// The wall clock ran out.
    #[error("The call was ended after {} seconds, the time it was allowed. What it had written is in the journal; run it again to go on. A host sets the deadline in its limits.", .limit.as_secs_f32())]
    Timeout {
        /// The deadline in force.
        limit: Duration,
    },
    /// The component asked for more memory than it may have, and gave up.
    #[error(
        "The component needed more than the {limit} bytes of memory it is allowed, and was ended. What it had written is in the journal. Use smaller pages or documents. A host sets the memory in its limits."
    )]
    Memory {
        /// The limit in force.
        limit: usize,
    },
    /// Something else was more than allowed.
    #[error(
        "The component was ended because it went beyond a limit of this host: {what}, at most {max} allowed."
    )]
    Limit {
        /// What there was too much of.
        what: &'static str,
        /// The limit in force.
        max: u64,
    },
    /// The component broke.
    #[error(
        "The component stopped by a fault of its own: {message}. What it had written is in the journal; run it again to go on, and report the fault."
    )]
    Trap {
        /// What kind of fault.
        message: String,
        /// Where it happened, for the maker of the component.
        detail: String,
    },
    /// No free place in the instance pool.
    #[error("This host already runs as many calls as it can at once. Try again when one has ended.")]
    Busy,
    /// Another call plans or writes for the same tenant.
    #[error("Another call is at work for this tenant. Try again when it has ended.")]
    Occupied,
}

impl CallError {
    pub(crate) fn trap(message: &str, detail: &str) -> Self {
        Self::Trap { message: plain(message, MESSAGE_CHARS), detail: plain(detail, DETAIL_CHARS) }
    }
}

/// The sentence a component gave, or one for the cases that have none.
fn guest_text(error: &onboarding::Error) -> String {
    use onboarding::Error;
    match error {
        Error::PlanMismatch(mismatch) => match &mismatch.current {
            Some(current) => format!(
                "The plan that was confirmed, {}, is not the newest one, {current}. Nothing was written; look at a new preview.",
                mismatch.given
            ),
            None => format!(
                "There is no plan {} to carry out. Nothing was written; look at a preview first.",
                mismatch.given
            ),
        },
        Error::InvalidRequest(text)
        | Error::Unauthorized(text)
        | Error::Forbidden(text)
        | Error::Unreachable(text)
        | Error::CompanyNotFound(text)
        | Error::NotProvisioned(text)
        | Error::ErpFailed(text)
        | Error::DocumentsFailed(text)
        | Error::JournalFailed(text) => text.clone(),
        Error::Stopped => "The run was stopped before anything was planned.".to_owned(),
    }
}

/// Makes the texts of a component's error safe to show.
pub(crate) fn tame(error: onboarding::Error) -> onboarding::Error {
    use onboarding::Error;
    let tamed = |text: String| plain(&text, MESSAGE_CHARS);
    match error {
        Error::PlanMismatch(mismatch) => Error::PlanMismatch(onboarding::PlanMismatch {
            current: mismatch.current.map(tamed),
            given: tamed(mismatch.given),
        }),
        Error::InvalidRequest(text) => Error::InvalidRequest(tamed(text)),
        Error::Unauthorized(text) => Error::Unauthorized(tamed(text)),
        Error::Forbidden(text) => Error::Forbidden(tamed(text)),
        Error::Unreachable(text) => Error::Unreachable(tamed(text)),
        Error::CompanyNotFound(text) => Error::CompanyNotFound(tamed(text)),
        Error::NotProvisioned(text) => Error::NotProvisioned(tamed(text)),
        Error::ErpFailed(text) => Error::ErpFailed(tamed(text)),
        Error::DocumentsFailed(text) => Error::DocumentsFailed(tamed(text)),
        Error::JournalFailed(text) => Error::JournalFailed(tamed(text)),
        Error::Stopped => Error::Stopped,
    }
}

/// `text` without control and direction-changing characters, cut after `max` characters.
pub(crate) fn plain(text: &str, max: usize) -> String {
    let mut characters = text.chars().map(|c| if is_invisible(c) { ' ' } else { c });
    let mut kept: String = characters.by_ref().take(max).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Characters that can move the cursor, colour a terminal or make text read in another order than it is stored.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_component_cannot_reach_the_terminal_as_control_sequences() {
        let error = tame(onboarding::Error::Unreachable("a\u{1b}[31mb\nc\u{202e}d".to_owned()));
        assert_eq!(CallError::Guest(error).to_string(), "a [31mb c d");
    }

    #[test]
    fn text_of_a_component_is_cut_and_the_cut_shows() {
        let error = tame(onboarding::Error::ErpFailed("ä".repeat(5_000)));
        let text = CallError::Guest(error).to_string();
        assert_eq!(text.chars().count(), MESSAGE_CHARS + 1);
        assert!(text.ends_with("ä…"));
    }

    #[test]
    fn text_of_just_the_longest_length_stays_whole() {
        assert_eq!(plain("abc", 3), "abc");
    }

    #[test]
    fn a_plan_mismatch_names_both_digests() {
        let error = onboarding::Error::PlanMismatch(onboarding::PlanMismatch {
            current: Some("sha256:new".to_owned()),
            given: "sha256:old".to_owned(),
        });
        let text = CallError::Guest(error).to_string();
        assert!(text.contains("sha256:new") && text.contains("sha256:old"), "{text}");
    }
}
