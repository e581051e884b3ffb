//! The chain of hashes: what proves that a journal is what was written.
//!
//! Every entry carries a [`Link`], a SHA-256 over the link before it and its own content. Recomputing the links from the
//! first entry on finds whatever was changed, removed, put in or moved afterwards, and [`Walk`] says which of these it
//! was. Entries cut off at the end leave a chain that is whole in itself; they are found by a [`Head`] that somebody
//! kept: the number of an entry and its link, which stand for everything up to it.
//!
//! Times are remarks only. Nothing rests on the clock: entries keep their order by number, and a clock that was set
//! back shows as [`Whole::set_back`] without making the journal any less whole.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use super::rules;
use crate::model::journal::{EntryKind, Operation, StoredEntry};

/// One link of the chain.
pub type Link = [u8; 32];

/// An entry by number, and its link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Sequence number; 0 before the first entry.
    pub sequence: u64,
    /// The link of that entry.
    pub link: Link,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.sequence)?;
        self.link.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a text is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a head is the number of an entry, a colon and 64 hexadecimal digits, as `onboard journal verify` prints it"
)]
pub struct NoHead;

impl FromStr for Head {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (sequence, hash) = text.trim().split_once(':').ok_or(NoHead)?;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoHead);
        }
        let mut link = Link::default();
        for (at, byte) in link.iter_mut().enumerate() {
            let digits = hash.get(2 * at..2 * at + 2).ok_or(NoHead)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoHead)?;
        }
        Ok(Self { sequence: sequence.parse().map_err(|_| NoHead)?, link })
    }
}

/// The link of an entry: a hash over the one before and every column, each with its length so that none can lend to
/// another.
#[must_use]
pub fn link(before: &Link, stored: &StoredEntry) -> Link {
    let entry = &stored.entry;
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(stored.sequence.to_le_bytes());
    let columns = [
        stored.recorded_at.as_str(),
        rules::kind_name(entry.kind),
        rules::operation_name(entry.operation),
        &entry.plan,
        &entry.key,
        &entry.customer,
        // No state has an empty name, so none and empty need not be told apart.
        entry.state.map_or("", rules::state_name),
        &entry.body,
    ];
    for column in columns {
        hash.update((column.len() as u64).to_le_bytes());
        hash.update(column);
    }
    hash.finalize().into()
}

/// A journal that is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// Number and link of the last entry.
    pub head: Head,
    /// Previews that were begun.
    pub plans: u64,
    /// When the first entry was recorded; empty where there is none.
    pub first_at: String,
    /// When the last entry was recorded.
    pub last_at: String,
    /// Entries that bear an earlier time than the one before them, and the first of these.
    pub set_back: Option<(u64, u64)>,
}

/// What an entry says it is. Of one that was tampered with, this is what it says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Sequence number.
    pub sequence: u64,
    /// What it is; none where it is no entry any more.
    pub what: Option<What>,
}

/// The parts of an entry by which a person finds out what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct What {
    /// When it was recorded.
    pub at: String,
    /// What it records.
    pub kind: EntryKind,
    /// What it is about.
    pub operation: Operation,
    /// Customer code; may be empty.
    pub customer: String,
}

impl From<&StoredEntry> for Place {
    fn from(stored: &StoredEntry) -> Self {
        let what = What {
            at: clean(&stored.recorded_at),
            kind: stored.entry.kind,
            operation: stored.entry.operation,
            customer: clean(&stored.entry.customer),
        };
        Self { sequence: stored.sequence, what: Some(what) }
    }
}

fn clean(text: &str) -> String {
    crate::report::words::clean(text, 100)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.sequence)?;
        let Some(What { at, kind, operation, customer }) = &self.what else {
            return write!(f, " (no entry any more)");
        };
        write!(f, " ({} {}", rules::kind_name(*kind), rules::operation_name(*operation))?;
        if !customer.is_empty() {
            write!(f, " of customer {customer}")?;
        }
        write!(f, ", recorded {at})")
    }
}

/// Why a journal is not proven whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Content or link of an entry is another.
    #[error("The journal was changed after it was written: {0} is not what was recorded there.")]
    Changed(Place),
    /// Entries are gone.
    #[error("{} of the journal {} missing; the next one is {next}.", numbers(*.first, *.last), are(*.first, *.last))]
    Missing {
        /// First of them.
        first: u64,
        /// Last of them.
        last: u64,
        /// What follows the gap.
        next: Place,
    },
    /// Entries stand in another order.
    #[error(
        "Entries of the journal were put in another order: what was recorded as entry {sequence} now is {found}."
    )]
    Reordered {
        /// Where it was.
        sequence: u64,
        /// Where it is.
        found: Place,
    },
    /// The end is gone.
    #[error(
        "The end of the journal is missing: it was known to reach entry {known} and ends with entry {last}."
    )]
    CutOff {
        /// Entry that is known to have been there.
        known: u64,
        /// Last entry that there is.
        last: u64,
    },
    /// The chain is whole, but another one.
    #[error("This is another journal than the one whose head was kept: its entry {0} has another hash.")]
    Other(u64),
    /// It could not be looked at.
    #[error("The journal could not be read to the end: {0}.")]
    Unreadable(String),
}

impl Broken {
    /// First entry that cannot be trusted; none where the file could not be read.
    #[must_use]
    pub const fn first(&self) -> Option<u64> {
        match self {
            Self::Changed(place) => Some(place.sequence),
            Self::Missing { first, .. } => Some(*first),
            Self::Reordered { sequence, .. } | Self::Other(sequence) => Some(*sequence),
            Self::CutOff { last, .. } => Some(*last + 1),
            Self::Unreadable(_) => None,
        }
    }

    /// Kebab-case name for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Changed(_) => "changed",
            Self::Missing { .. } => "missing",
            Self::Reordered { .. } => "reordered",
            Self::CutOff { .. } => "cut-off",
            Self::Other(_) => "other",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

fn numbers(first: u64, last: u64) -> String {
    if first == last { format!("Entry {first}") } else { format!("Entries {first} to {last}") }
}

const fn are(first: u64, last: u64) -> &'static str {
    if first == last { "is" } else { "are" }
}

/// Goes along the chain from its first entry.
#[derive(Debug, Default)]
pub struct Walk {
    whole: Whole,
    last_time: Option<jiff::Timestamp>,
}

impl Walk {
    /// Where the walk has come to.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.whole.head
    }

    /// Whether this entry, with the link it carries, is the next one of the chain.
    #[must_use]
    pub fn fits(&self, stored: &StoredEntry, kept: &[u8]) -> bool {
        link(&self.whole.head.link, stored) == kept
    }

    /// Takes the next entry, which has to fit.
    ///
    /// # Errors
    /// What is wrong with it, as far as it shows from this entry alone.
    pub fn step(&mut self, stored: &StoredEntry, kept: &[u8]) -> Result<(), Broken> {
        let expected = self.whole.head.sequence + 1;
        if stored.sequence > expected {
            let (first, last) = (expected, stored.sequence - 1);
            return Err(Broken::Missing { first, last, next: stored.into() });
        }
        let link = link(&self.whole.head.link, stored);
        if stored.sequence != expected || kept != link {
            return Err(Broken::Changed(stored.into()));
        }
        self.whole.head = Head { sequence: expected, link };
        self.whole.plans += u64::from(stored.entry.kind == EntryKind::PlanOpened);
        self.note_time(&stored.recorded_at, expected);
        Ok(())
    }

    /// Ends the walk.
    #[must_use]
    pub fn end(self) -> Whole {
        self.whole
    }

    fn note_time(&mut self, at: &str, sequence: u64) {
        if sequence == 1 {
            at.clone_into(&mut self.whole.first_at);
        }
        at.clone_into(&mut self.whole.last_at);
        let Ok(time) = at.parse::<jiff::Timestamp>() else { return };
        if self.last_time.is_some_and(|before| time < before) {
            let (count, first) = self.whole.set_back.unwrap_or((0, sequence));
            self.whole.set_back = Some((count + 1, first));
        }
        self.last_time = Some(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let head = Head { sequence: 12, link: [0xa7; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        let digits = "0".repeat(64);
        for bad in ["", "12", "12:", ":", &format!("x:{digits}"), &format!("12:{digits}0"), "12:é"] {
            assert_eq!(bad.parse::<Head>(), Err(NoHead), "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let place = Place {
            sequence: 7,
            what: Some(What {
                at: "2026-01-02T03:04:05Z".to_owned(),
                kind: EntryKind::Outcome,
                operation: Operation::CreateCustomer,
                customer: "C-7".to_owned(),
            }),
        };
        assert_eq!(
            Broken::Missing { first: 5, last: 6, next: place.clone() }.to_string(),
            "Entries 5 to 6 of the journal are missing; the next one is entry 7 (outcome create-customer of customer \
             C-7, recorded 2026-01-02T03:04:05Z)."
        );
        assert_eq!(
            Broken::Changed(Place { sequence: 3, what: None }).to_string(),
            "The journal was changed after it was written: entry 3 (no entry any more) is not what was recorded there."
        );
        assert_eq!(Broken::CutOff { known: 9, last: 4 }.first(), Some(5));
    }
}
