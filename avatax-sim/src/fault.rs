//! Faults: what the stand-in does wrong on purpose.
//!
//! A fault is a kind, an optional operation it is limited to, a rate and an optional limit. It is written as one short
//! text, `429:rate=0.1,retry-after=1,on=CreateCustomers`, on the command line and in the control endpoint alike. The
//! [`FaultEngine`] decides for each request. Each fault draws from a stream of its own, which depends on the seed, its
//! place in the list and how often it was asked, so a run with the same order of requests meets the same faults.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{random, routes::Operation};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers 429 before doing anything.
    TooManyRequests {
        /// Seconds for the `Retry-After` header; without it there is no header.
        retry_after: Option<u64>,
    },
    /// Answers 500 before doing anything.
    ErrorBefore,
    /// Does what was asked, then answers 500.
    ErrorAfter,
    /// Closes the connection without doing anything and without an answer.
    Cut,
    /// Does what was asked, then closes the connection in the middle of the answer.
    CutAfter,
    /// Answers 502 with a page of HTML, as a gateway does, before doing anything.
    Html,
    /// Waits, then goes on as usual.
    Slow {
        /// How long, in milliseconds.
        millis: u64,
    },
}

impl FaultKind {
    /// Name used in the text form and in the summary.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TooManyRequests { .. } => "429",
            Self::ErrorBefore => "500-before",
            Self::ErrorAfter => "500-after",
            Self::Cut => "cut",
            Self::CutAfter => "cut-after",
            Self::Html => "html",
            Self::Slow { .. } => "slow",
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
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no fault: {reason}; write for example 429:rate=0.1,retry-after=1,on=CreateCustomers")]
pub struct FaultParseError {
    text: String,
    reason: String,
}

impl FromStr for Fault {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason: String| FaultParseError { text: text.chars().take(200).collect(), reason };
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let (mut retry_after, mut millis) = (None, None);
        let mut fault = Self::new(FaultKind::ErrorBefore);
        for option in options.split(',').filter(|option| !option.is_empty()) {
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
                "retry-after" => retry_after = Some(value.parse().map_err(|_ignored| unreadable())?),
                "ms" => millis = Some(value.parse::<u64>().map_err(|_ignored| unreadable())?.min(600_000)),
                "on" => {
                    Operation::from_name(value)
                        .ok_or_else(|| fail(format!("there is no operation '{value}'")))?;
                    fault.on = Some(value.to_owned());
                }
                _ => {
                    return Err(fail(format!(
                        "'{key}' is not known; known are rate, limit, on, retry-after, ms"
                    )));
                }
            }
        }
        fault.kind = match name {
            "429" => FaultKind::TooManyRequests { retry_after },
            "500-before" => FaultKind::ErrorBefore,
            "500-after" => FaultKind::ErrorAfter,
            "cut" => FaultKind::Cut,
            "cut-after" => FaultKind::CutAfter,
            "html" => FaultKind::Html,
            "slow" => FaultKind::Slow { millis: millis.unwrap_or(1_000) },
            _ => {
                let known = "429, 500-before, 500-after, cut, cut-after, html, slow";
                return Err(fail(format!("the kind has to be one of {known}")));
            }
        };
        Ok(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:rate={}", self.kind.name(), self.rate)?;
        match self.kind {
            FaultKind::TooManyRequests { retry_after: Some(seconds) } => write!(f, ",retry-after={seconds}")?,
            FaultKind::Slow { millis } => write!(f, ",ms={millis}")?,
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

/// What is to be done to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Wait this long first.
    pub(crate) delay: Duration,
    /// Then do this; `Slow` never stands here.
    pub(crate) kind: Option<FaultKind>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    asked: u64,
    hit: u32,
}

/// Decides which requests go wrong.
#[derive(Debug)]
pub(crate) struct FaultEngine {
    seed: u64,
    faults: Vec<Armed>,
}

impl FaultEngine {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let faults = faults.into_iter().map(|fault| Armed { fault, asked: 0, hit: 0 }).collect();
        Self { seed, faults }
    }

    /// The verdict on the next request. Slowness adds up; of the other kinds the first that strikes counts.
    pub(crate) fn judge(&mut self, operation: Operation) -> Verdict {
        let mut verdict = Verdict::default();
        let name = operation.name();
        for (place, armed) in (1_u64..).zip(&mut self.faults) {
            let concerned = armed.fault.on.as_ref().is_none_or(|on| *on == name);
            let used_up = armed.fault.limit.is_some_and(|limit| armed.hit >= limit);
            let slow = matches!(armed.fault.kind, FaultKind::Slow { .. });
            if !concerned || used_up || (verdict.kind.is_some() && !slow) {
                continue;
            }
            armed.asked += 1;
            if random::fraction(self.seed, &[place, armed.asked]) >= armed.fault.rate {
                continue;
            }
            armed.hit += 1;
            match armed.fault.kind {
                FaultKind::Slow { millis } => verdict.delay += Duration::from_millis(millis),
                kind => verdict.kind = Some(kind),
            }
        }
        verdict
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
            "cut:rate=1",
            "cut-after:rate=1,on=CreateCertificates",
            "html:rate=0.25",
            "slow:rate=1,ms=500",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        assert_eq!("cut".parse::<Fault>().unwrap(), Fault::new(FaultKind::Cut));
        for text in
            ["", "418", "cut:rate=2", "cut:rate", "cut:on=Nothing", "cut:colour=red", "429:retry-after=soon"]
        {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn rates_and_limits_hold_and_repeat() {
        let run = |seed| {
            let faults = vec!["500-before:rate=0.2".parse().unwrap(), "cut:limit=2,on=Ping".parse().unwrap()];
            let mut engine = FaultEngine::new(seed, faults);
            (0..1_000).map(|_| engine.judge(Operation::Ping).kind).collect::<Vec<_>>()
        };
        let first = run(1);
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
        let errors = first.iter().filter(|kind| **kind == Some(FaultKind::ErrorBefore)).count();
        assert!((150..=250).contains(&errors), "{errors}");
        assert_eq!(first.iter().filter(|kind| **kind == Some(FaultKind::Cut)).count(), 2);
    }

    #[test]
    fn other_operations_are_left_alone() {
        let mut engine = FaultEngine::new(1, vec![Fault::new(FaultKind::Html).on("CreateCustomers")]);
        assert_eq!(engine.judge(Operation::Ping), Verdict::default());
        assert_eq!(engine.judge(Operation::CreateCustomers).kind, Some(FaultKind::Html));
    }
}
