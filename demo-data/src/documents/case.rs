//! One certificate before it is drawn: the form and everything that was filled in.
//!
//! Values and ticks are kept under keys that the drawings look up. Faults change entries here, so what is drawn and
//! what the truth says always come from the same place.

use std::collections::{BTreeMap, BTreeSet};

use super::{dates::Day, people::Party, truth::Verdict};

/// The forms that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Sst,
    Mtc,
    California,
    TexasResale,
    TexasExemption,
    NewYorkResale,
    NewYorkUse,
    NewYorkExempt,
    FloridaResale,
    FloridaExempt,
    IllinoisResale,
    IllinoisLetter,
    Pennsylvania,
    OhioBlanket,
    OhioUnit,
    Washington,
    NewJersey,
    Georgia,
    NorthCarolina,
    Michigan,
    MassachusettsResale,
    MassachusettsExempt,
    Letter,
    Unknown,
}

impl Form {
    /// All of them.
    pub(crate) const ALL: [Self; 24] = [
        Self::Sst,
        Self::Mtc,
        Self::California,
        Self::TexasResale,
        Self::TexasExemption,
        Self::NewYorkResale,
        Self::NewYorkUse,
        Self::NewYorkExempt,
        Self::FloridaResale,
        Self::FloridaExempt,
        Self::IllinoisResale,
        Self::IllinoisLetter,
        Self::Pennsylvania,
        Self::OhioBlanket,
        Self::OhioUnit,
        Self::Washington,
        Self::NewJersey,
        Self::Georgia,
        Self::NorthCarolina,
        Self::Michigan,
        Self::MassachusettsResale,
        Self::MassachusettsExempt,
        Self::Letter,
        Self::Unknown,
    ];

    /// Its id.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Sst => "sst-f0003",
            Self::Mtc => "mtc",
            Self::California => "ca-cdtfa-230",
            Self::TexasResale => "tx-01-339-resale",
            Self::TexasExemption => "tx-01-339-exemption",
            Self::NewYorkResale => "ny-st-120",
            Self::NewYorkUse => "ny-st-121",
            Self::NewYorkExempt => "ny-st-119-1",
            Self::FloridaResale => "fl-dr-13",
            Self::FloridaExempt => "fl-dr-14",
            Self::IllinoisResale => "il-crt-61",
            Self::IllinoisLetter => "il-exemption-letter",
            Self::Pennsylvania => "pa-rev-1220",
            Self::OhioBlanket => "oh-stec-b",
            Self::OhioUnit => "oh-stec-u",
            Self::Washington => "wa-reseller-permit",
            Self::NewJersey => "nj-st-3",
            Self::Georgia => "ga-st-5",
            Self::NorthCarolina => "nc-e-595e",
            Self::Michigan => "mi-3372",
            Self::MassachusettsResale => "ma-st-4",
            Self::MassachusettsExempt => "ma-st-5",
            Self::Letter => "letter",
            Self::Unknown => "unknown",
        }
    }

    /// The state whose form it is; none where it is for several or any.
    pub(crate) const fn state(self) -> Option<&'static str> {
        Some(match self {
            Self::California => "CA",
            Self::TexasResale | Self::TexasExemption => "TX",
            Self::NewYorkResale | Self::NewYorkUse | Self::NewYorkExempt => "NY",
            Self::FloridaResale | Self::FloridaExempt => "FL",
            Self::IllinoisResale | Self::IllinoisLetter => "IL",
            Self::Pennsylvania => "PA",
            Self::OhioBlanket | Self::OhioUnit => "OH",
            Self::Washington => "WA",
            Self::NewJersey => "NJ",
            Self::Georgia => "GA",
            Self::NorthCarolina => "NC",
            Self::Michigan => "MI",
            Self::MassachusettsResale | Self::MassachusettsExempt => "MA",
            Self::Sst | Self::Mtc | Self::Letter | Self::Unknown => return None,
        })
    }

    /// Whether a state hands it out, so that it has neither seller nor signature of the purchaser.
    pub(crate) const fn is_issued(self) -> bool {
        matches!(
            self,
            Self::FloridaResale
                | Self::FloridaExempt
                | Self::IllinoisLetter
                | Self::Washington
                | Self::Letter
        )
    }
}

/// A row of a table of states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) state: String,
    pub(crate) number: String,
}

/// One certificate.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) form: Form,
    pub(crate) purchaser: Party,
    pub(crate) values: BTreeMap<&'static str, String>,
    pub(crate) boxes: BTreeSet<&'static str>,
    pub(crate) table: Vec<Row>,
    /// Entity/use code.
    pub(crate) reason: char,
    pub(crate) reason_words: String,
    pub(crate) reason_is_box: bool,
    pub(crate) coverage: Vec<(String, Option<String>)>,
    pub(crate) signed: Day,
    /// Day signed, if what is written says a day without doubt.
    pub(crate) signed_iso: Option<String>,
    pub(crate) expires: Option<Day>,
    /// Last day by the form's rule.
    pub(crate) rule_expiry: Option<Day>,
    pub(crate) signature: bool,
    /// Key of an entry that is struck out.
    pub(crate) struck: Option<&'static str>,
    /// Which of several drawings of the form.
    pub(crate) variant: u64,
    /// Whether title and form number are there; a continuation has none.
    pub(crate) titled: bool,
    /// Whether the document that has to come with it follows.
    pub(crate) attached: bool,
    pub(crate) verdict: Verdict,
}

impl Case {
    /// Sets an entry.
    pub(crate) fn set(&mut self, key: &'static str, text: impl Into<String>) {
        self.values.insert(key, text.into());
    }

    /// Empties entries.
    pub(crate) fn clear(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.values.remove(key);
        }
    }

    /// An entry; empty if there is none.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    /// Writes another number wherever the first number of the certificate stands.
    pub(crate) fn renumber(&mut self, number: &str) {
        if self.values.contains_key("number") {
            self.set("number", number);
        }
        if let Some(row) = self.table.first_mut() {
            number.clone_into(&mut row.number);
        }
        if let Some((_, first)) = self.coverage.first_mut() {
            *first = (!number.is_empty()).then(|| number.to_owned());
        }
    }
}
