//! Faults: what the stand-in does wrong on purpose.
//!
//! A fault is a kind, an optional operation it is limited to, a rate and an optional limit. It is written as one short
//! text, `429:rate=0.1,retry-after=1,on=CreateCustomers`, on the command line and in the control endpoint alike. The
//! kinds fall into three groups, by when they strike: on arrival of a request, where they decide about the answer; just
//! before the operation, where somebody else changes something; and in place of the operation. Faults of different
//! groups combine in one request. Which requests are struck is decided in `engine`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::routes::Operation;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers 429 before doing anything.
    TooManyRequests {
        /// Seconds for the `Retry-After` header; without it there is no header.
        retry_after: Option<u64>,
    },
    /// Answers 503 with a page of HTML before doing anything.
    Unavailable {
        /// Seconds for the `Retry-After` header.
        retry_after: u64,
    },
    /// Answers 400, 409 or 500 with one of the codes that ask to slow down, before doing anything.
    SlowDown {
        /// Number of the code; without it the code is drawn anew each time.
        code: Option<u32>,
    },
    /// Answers 500 before doing anything.
    ErrorBefore,
    /// Does what was asked, then answers 500.
    ErrorAfter,
    /// Does what was asked, then answers 400 with `CertificatesError` (1203), as if it had been refused.
    RefusedAfter,
    /// Answers 502 with a page of HTML, as a gateway does, before doing anything.
    Html,
    /// Does what was asked, then answers 502 with a page of HTML.
    HtmlAfter,
    /// Closes the connection without doing anything and without an answer.
    Cut,
    /// Does what was asked, then closes the connection without a byte of an answer.
    Lost,
    /// Does what was asked, then closes the connection in the middle of the answer.
    CutAfter,
    /// Does nothing and keeps the client waiting, then closes the connection without an answer.
    Hang {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Does what was asked and keeps the client waiting, then closes the connection without an answer.
    HangAfter {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Waits, then goes on as usual.
    Slow {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Does what was asked and sends the head of the answer at once, the body in small pieces.
    SlowBody {
        /// How long the body takes altogether, in milliseconds.
        millis: u64,
    },
    /// Does what was asked; the body of the answer never ends.
    Endless {
        /// Pause between two pieces, in milliseconds.
        millis: u64,
    },
    /// Does what was asked, then answers with an object and a long list of tiny objects, which takes far more memory than bytes.
    Bloated {
        /// How large the answer is, in MiB.
        mib: u64,
    },
    /// Stores a random part of a good batch of customers, then answers 500 or closes the connection.
    Partial,
    /// Refuses a further page of a list, because the key to it is too old.
    Expired,
    /// Rows appear or vanish at the front of a list while it is read. They belong to somebody else.
    Shift,
    /// Just before the operation somebody else changes a customer.
    Edit,
    /// Just before customers are created somebody else takes one of their codes.
    Taken,
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On arrival: it decides about the answer.
    Answer,
    /// Just before the operation: it changes what is stored.
    World,
    /// In place of the operation.
    Perform,
}

/// Every kind with what it does, for people.
const KINDS: &[(&str, &str)] = &[
    ("429", "answers 429 and does nothing (retry-after=S)"),
    ("503", "answers 503 with HTML and does nothing (retry-after=S, else 1)"),
    ("slow-down", "a code to slow down in a 400, 409 or 500, does nothing (code=N)"),
    ("500-before", "answers 500 and does nothing"),
    ("500-after", "does it, answers 500"),
    ("refused-after", "does it, answers 400 with CertificatesError"),
    ("html", "answers 502 with HTML and does nothing"),
    ("html-after", "does it, answers 502 with HTML"),
    ("cut", "closes the connection and does nothing"),
    ("lost", "does it, closes the connection without a byte"),
    ("cut-after", "does it, closes the connection inside the answer"),
    ("hang", "does nothing, no answer for ms=N (else 120000), then closes"),
    ("hang-after", "does it, no answer for ms=N (else 120000), then closes"),
    ("slow", "waits ms=N (else 1000), then goes on as usual"),
    ("slow-body", "does it, the body of the answer takes ms=N (else 1000)"),
    ("endless", "does it, the body never ends: a piece every ms=N (else 10)"),
    ("bloated", "does it, answers with mib=N (else 3) MiB of tiny objects"),
    ("partial", "stores part of a good batch of customers, then 500 or closes"),
    ("expired", "refuses a further page of a list as too old"),
    ("shift", "other people's rows come and go at the front of a list"),
    ("edit", "somebody else changes a customer just before"),
    ("taken", "somebody else creates one of the new customers just before"),
];

/// Codes that ask to slow down, by number.
pub(crate) const SLOW_DOWN_CODES: [u32; 5] = [1715, 1716, 1718, 1723, 4011];
/// Longest time that a fault can take.
const MAX_MILLIS: u64 = 600_000;
/// Largest answer that a fault makes, in MiB.
const MAX_MIB: u64 = 64;

/// Help for people who write faults on a command line.
pub(crate) fn help() -> String {
    let mut help = String::from(
        "Something to do wrong, may be repeated; written KIND or KIND:OPTION=VALUE,…\n\
         as in 429:rate=0.1,retry-after=1,on=CreateCustomers. Every kind has the options\n\
         rate=0..1 (else 1), limit=N (at most so often), on=OPERATION (else every one).\n\
         Kinds:\n",
    );
    for (name, what) in KINDS {
        help.push_str(&format!("\n  {name:<14} {what}"));
    }
    help
}

impl FaultKind {
    /// Name used in the text form and in the summary.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests { .. } => "429",
            Self::Unavailable { .. } => "503",
            Self::SlowDown { .. } => "slow-down",
            Self::ErrorBefore => "500-before",
            Self::ErrorAfter => "500-after",
            Self::RefusedAfter => "refused-after",
            Self::Html => "html",
            Self::HtmlAfter => "html-after",
            Self::Cut => "cut",
            Self::Lost => "lost",
            Self::CutAfter => "cut-after",
            Self::Hang { .. } => "hang",
            Self::HangAfter { .. } => "hang-after",
            Self::Slow { .. } => "slow",
            Self::SlowBody { .. } => "slow-body",
            Self::Endless { .. } => "endless",
            Self::Bloated { .. } => "bloated",
            Self::Partial => "partial",
            Self::Expired => "expired",
            Self::Shift => "shift",
            Self::Edit => "edit",
            Self::Taken => "taken",
        }
    }

    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::Shift | Self::Edit | Self::Taken => Stage::World,
            Self::Partial | Self::Expired => Stage::Perform,
            _ => Stage::Answer,
        }
    }

    /// Whether the kind means anything for an operation.
    pub(crate) fn concerns(self, operation: Operation) -> bool {
        match self {
            Self::Partial | Self::Taken => operation == Operation::CreateCustomers,
            Self::Shift => operation.is_moving_list(),
            Self::Expired => operation.is_list(),
            Self::Edit => operation.is_of_company(),
            _ => true,
        }
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only on this operation, by its official name, e.g. `CreateCustomers`; none means every operation.
    pub on: Option<String>,
    /// How likely it is for each request, 0 to 1.
    pub rate: f64,
    /// It happens this often at most.
    pub limit: Option<u32>,
}

impl Fault {
    /// A fault that happens every time, on everything.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, on: None, rate: 1.0, limit: None }
    }

    /// Limits the fault to one operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.on = Some(operation.to_owned());
        self
    }

    /// Lets the fault happen a number of times only.
    #[must_use]
    pub fn times(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Makes the fault happen now and then: 0 is never, 1 is always.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no fault: {reason}; write for example 429:rate=0.1,retry-after=1,on=CreateCustomers")]
pub struct FaultParseError {
    text: String,
    reason: String,
}

/// Options that only some kinds have.
#[derive(Default)]
struct Options {
    retry_after: Option<u64>,
    millis: Option<u64>,
    code: Option<u32>,
    mib: Option<u64>,
}

impl Options {
    /// The kind with a name, which takes the options that it knows.
    fn kind(&mut self, name: &str) -> Option<FaultKind> {
        let mut millis = |default: u64| self.millis.take().unwrap_or(default);
        Some(match name {
            "429" => FaultKind::TooManyRequests { retry_after: self.retry_after.take() },
            "503" => FaultKind::Unavailable { retry_after: self.retry_after.take().unwrap_or(1) },
            "slow-down" => FaultKind::SlowDown { code: self.code.take() },
            "500-before" => FaultKind::ErrorBefore,
            "500-after" => FaultKind::ErrorAfter,
            "refused-after" => FaultKind::RefusedAfter,
            "html" => FaultKind::Html,
            "html-after" => FaultKind::HtmlAfter,
            "cut" => FaultKind::Cut,
            "lost" => FaultKind::Lost,
            "cut-after" => FaultKind::CutAfter,
            "hang" => FaultKind::Hang { millis: millis(120_000) },
            "hang-after" => FaultKind::HangAfter { millis: millis(120_000) },
            "slow" => FaultKind::Slow { millis: millis(1_000) },
            "slow-body" => FaultKind::SlowBody { millis: millis(1_000) },
            "endless" => FaultKind::Endless { millis: millis(10) },
            "bloated" => FaultKind::Bloated { mib: self.mib.take().unwrap_or(3) },
            "partial" => FaultKind::Partial,
            "expired" => FaultKind::Expired,
            "shift" => FaultKind::Shift,
            "edit" => FaultKind::Edit,
            "taken" => FaultKind::Taken,
            _ => return None,
        })
    }

    /// An option that no kind has taken.
    fn left(&self) -> Option<&'static str> {
        let given = [
            (self.retry_after.is_some(), "retry-after"),
            (self.millis.is_some(), "ms"),
            (self.code.is_some(), "code"),
            (self.mib.is_some(), "mib"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, name)| name)
    }
}

impl FromStr for Fault {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason: String| FaultParseError { text: text.chars().take(200).collect(), reason };
        let (name, given) = text.split_once(':').unwrap_or((text, ""));
        let mut options = Options::default();
        let mut fault = Self::new(FaultKind::ErrorBefore);
        let mut on = None;
        for option in given.split(',').filter(|option| !option.is_empty()) {
            let (key, value) =
                option.split_once('=').ok_or_else(|| fail(format!("'{option}' has no value")))?;
            let unreadable = || fail(format!("'{value}' is no value for {key}"));
            match key {
                "rate" => {
                    fault.rate = value.parse().map_err(|_ignored| unreadable())?;
                    if !(0.0..=1.0).contains(&fault.rate) {
                        return Err(fail("the rate has to lie between 0 and 1".to_owned()));
                    }
                }
                "limit" => fault.limit = Some(value.parse().map_err(|_ignored| unreadable())?),
                "retry-after" => {
                    options.retry_after = Some(value.parse().map_err(|_ignored| unreadable())?);
                }
                "ms" => {
                    let millis: u64 = value.parse().map_err(|_ignored| unreadable())?;
                    options.millis = Some(millis.min(MAX_MILLIS));
                }
                "mib" => {
                    let mib: u64 = value.parse().map_err(|_ignored| unreadable())?;
                    options.mib = Some(mib.min(MAX_MIB));
                }
                "code" => {
                    let code = value.parse().ok().filter(|code| SLOW_DOWN_CODES.contains(code));
                    options.code = Some(code.ok_or_else(unreadable)?);
                }
                "on" => {
                    let operation = Operation::from_name(value)
                        .ok_or_else(|| fail(format!("there is no operation '{value}'")))?;
                    on = Some(operation);
                }
                _ => {
                    let known = "rate, limit, on, retry-after, ms, mib, code";
                    return Err(fail(format!("'{key}' is not known; known are {known}")));
                }
            }
        }
        fault.kind = options.kind(name).ok_or_else(|| {
            let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            fail(format!("the kind has to be one of {}", known.join(", ")))
        })?;
        if let Some(option) = options.left() {
            return Err(fail(format!("{name} has no option {option}")));
        }
        if let Some(operation) = on {
            if !fault.kind.concerns(operation) {
                return Err(fail(format!("{name} means nothing for {}", operation.name())));
            }
            fault.on = Some(operation.name().to_owned());
        }
        Ok(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:rate={}", self.kind.name(), self.rate)?;
        match self.kind {
            FaultKind::TooManyRequests { retry_after: Some(seconds) }
            | FaultKind::Unavailable { retry_after: seconds } => write!(f, ",retry-after={seconds}")?,
            FaultKind::Bloated { mib } => write!(f, ",mib={mib}")?,
            FaultKind::SlowDown { code: Some(code) } => write!(f, ",code={code}")?,
            FaultKind::Slow { millis }
            | FaultKind::SlowBody { millis }
            | FaultKind::Endless { millis }
            | FaultKind::Hang { millis }
            | FaultKind::HangAfter { millis } => write!(f, ",ms={millis}")?,
            _ => {}
        }
        if let Some(operation) = &self.on {
            write!(f, ",on={operation}")?;
        }
        if let Some(limit) = self.limit {
            write!(f, ",limit={limit}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Fault {
    type Error = FaultParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_goes_both_ways() {
        for text in [
            "429:rate=0.1,retry-after=1,on=CreateCustomers",
            "500-before:rate=1",
            "500-after:rate=0.5,limit=3",
            "cut-after:rate=1,on=CreateCertificates",
            "html:rate=0.25",
            "slow:rate=1,ms=500",
            "503:rate=1,retry-after=4",
            "slow-down:rate=1,code=1716",
            "bloated:rate=1,mib=16,limit=2",
            "hang-after:rate=1,ms=20",
            "partial:rate=1,on=CreateCustomers",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        for (name, _) in KINDS {
            let fault: Fault = name.parse().unwrap();
            assert_eq!(fault.kind.name(), *name);
            assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }
        assert_eq!("cut".parse::<Fault>().unwrap(), Fault::new(FaultKind::Cut));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "",
            "418",
            "cut:rate=2",
            "cut:rate",
            "cut:on=Nothing",
            "cut:colour=red",
            "429:retry-after=soon",
            "cut:ms=5",
            "slow:retry-after=5",
            "slow-down:code=1203",
            "429:code=1715",
            "partial:on=CreateCertificates",
            "taken:on=UpdateCustomer",
            "shift:on=GetCustomer",
            "expired:on=GetCertificate",
            "edit:on=Ping",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_help_fits_a_terminal_and_names_every_kind() {
        let help = help();
        assert!(KINDS.iter().all(|(name, _)| help.contains(&format!("\n  {name} "))));
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}
