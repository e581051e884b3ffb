//! The table: figures with their bounds, ratios first.
//!
//! A figure that depends on the machine's speed is worth little on a shared one, so whatever can be is a ratio of two
//! things that were measured in turns in the same run. A bound is judged only in a full run of an optimised build.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

/// What a figure must not exceed.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bound {
    /// At most.
    Most(f64),
    /// At least.
    Least(f64),
    /// Stated for what it says about others.
    None,
}

impl Bound {
    fn holds(self, value: f64) -> Option<bool> {
        match self {
            Self::Most(most) => Some(value <= most),
            Self::Least(least) => Some(value >= least),
            Self::None => None,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// `x` for ratios, else the unit.
    pub(crate) unit: &'static str,
    /// What must hold.
    pub(crate) bound: Bound,
    /// What was measured.
    pub(crate) value: f64,
    /// What the value was made from, in words.
    pub(crate) from: String,
    /// Whether it holds; none without a bound, and in runs that judge nothing.
    pub(crate) holds: Option<bool>,
}

impl Figure {
    /// A ratio.
    #[must_use]
    pub(crate) fn ratio(name: &str, bound: Bound, value: f64, from: String) -> Self {
        Self::new(name, "x", bound, value, from)
    }

    /// A measured value.
    #[must_use]
    pub(crate) fn new(name: &str, unit: &'static str, bound: Bound, value: f64, from: String) -> Self {
        Self { name: name.to_owned(), unit, bound, value, from, holds: bound.holds(value) }
    }
}

/// All figures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// False for a quick run or a build that is not optimised, whose figures mean nothing.
    pub(crate) judged: bool,
    /// Ratios first.
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Sorts the figures, and forgets whether bounds hold where that means nothing.
    #[must_use]
    pub(crate) fn new(judged: bool, mut figures: Vec<Figure>) -> Self {
        figures.sort_by_key(|figure| figure.unit != "x");
        if !judged {
            figures.iter_mut().for_each(|figure| figure.holds = None);
        }
        Self { judged, figures }
    }

    /// Whether every bound that was judged holds.
    #[must_use]
    pub(crate) fn holds(&self) -> bool {
        self.figures.iter().all(|figure| figure.holds != Some(false))
    }

    /// The table as text, and below it what each figure was made from.
    #[must_use]
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["", "Figure", "Bound", "Measured", "Holds"]);
        let mut sources = String::new();
        for (at, figure) in self.figures.iter().enumerate() {
            let number = at + 1;
            let holds = figure.holds.map_or("", |holds| if holds { "yes" } else { "NO" });
            let bound = match figure.bound {
                Bound::Most(most) => format!("≤ {} {}", round(most), figure.unit),
                Bound::Least(least) => format!("≥ {} {}", round(least), figure.unit),
                Bound::None => String::new(),
            };
            let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
            table.add_row([
                right(number.to_string()),
                Cell::new(&figure.name),
                right(bound),
                right(format!("{} {}", round(figure.value), figure.unit)),
                Cell::new(holds),
            ]);
            sources.push_str(&format!("{number:>3}  {}\n", figure.from));
        }
        let unjudged = if self.judged {
            ""
        } else {
            "A quick run or a build that is not optimised: no bound is judged.\n"
        };
        format!("{table}\n{unjudged}{sources}")
    }

    /// Prints the table and writes it, as text and as JSON, into a folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn publish(&self, folder: &Path) -> io::Result<()> {
        let table = self.table();
        fs::create_dir_all(folder)?;
        fs::write(folder.join("figures.txt"), &table)?;
        fs::write(folder.join("figures.json"), serde_json::to_vec_pretty(self)?)?;
        io::stdout().lock().write_all(table.as_bytes())
    }
}

/// Three digits that mean something, and no more.
#[must_use]
pub(crate) fn round(value: f64) -> String {
    let digits =
        if value.abs() >= 100.0 || value == 0.0 { 0 } else { (2.0 - value.abs().log10().floor()) as usize };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_three_digits() {
        assert_eq!([0.012_345, 1.5, 49.96, 1234.5, 0.0].map(round), ["0.0123", "1.5", "50", "1234", "0"]);
    }

    #[test]
    fn bounds_are_judged_only_where_that_means_something() {
        let figures = || vec![Figure::new("slow", "s", Bound::Most(1.0), 2.0, String::new())];
        assert!(!Report::new(true, figures()).holds());
        assert!(Report::new(false, figures()).holds());
        assert_eq!(Figure::ratio("few", Bound::Least(50.0), 49.0, String::new()).holds, Some(false));
    }

    #[test]
    fn ratios_come_first() {
        let figures = vec![
            Figure::new("slow", "s", Bound::None, 2.0, String::new()),
            Figure::ratio("twice", Bound::None, 2.0, String::new()),
        ];
        assert_eq!(Report::new(true, figures).figures[0].name, "twice");
    }
}
