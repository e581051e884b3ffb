//! The three streams of the command line, and who may see what on them.
//!
//! Results for people go to stdout; under `--json` they go to stderr, because stdout then carries exactly one JSON
//! document. Explanations go to stderr and vanish under `--quiet`. A question is asked only when a person sits at a
//! terminal, and never under `--json`, so that an agent always gets an answer instead of a program that waits. The
//! streams are passed in, which lets tests play a person.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Write};

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use super::args::Shared;

/// Width of tables where no terminal says how wide it is.
const DEFAULT_WIDTH: u16 = 110;
/// An answer to a question is one short line.
const LONGEST_ANSWER: u64 = 1_000;

/// Streams and how to use them.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    input: Box<dyn BufRead + Send>,
    /// Whether a person can be asked.
    pub can_ask: bool,
    /// Whether progress bars may be drawn on stderr.
    pub bars: bool,
    json: bool,
    quiet: bool,
    colour: bool,
    width: u16,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("can_ask", &self.can_ask)
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

/// What colour a cell of a table gets, where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// As wanted.
    Good,
    /// Worth a look.
    Warn,
    /// Failed.
    Bad,
}

impl Console {
    /// The streams of this process.
    #[must_use]
    pub fn of_process(shared: &Shared) -> Self {
        // `anstream` takes colours away again when the stream is no terminal or NO_COLOR is set.
        let colour_on = |choice: anstream::ColorChoice| choice != anstream::ColorChoice::Never;
        let colour = if shared.json {
            colour_on(anstream::AutoStream::choice(&io::stderr()))
        } else {
            colour_on(anstream::AutoStream::choice(&io::stdout()))
        };
        let mut probe = Table::new();
        if shared.json {
            probe.use_stderr();
        }
        Self {
            out: Box::new(anstream::stdout()),
            err: Box::new(anstream::stderr()),
            input: Box::new(BufReader::new(io::stdin())),
            can_ask: !shared.json && io::stdin().is_terminal() && io::stderr().is_terminal(),
            bars: !shared.quiet && io::stderr().is_terminal(),
            json: shared.json,
            quiet: shared.quiet,
            colour,
            width: probe.width().unwrap_or(DEFAULT_WIDTH).max(60),
        }
    }

    /// Streams of the caller's choice, without bars and colours.
    #[must_use]
    pub fn of_streams(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        input: Box<dyn BufRead + Send>,
        can_ask: bool,
        json: bool,
    ) -> Self {
        Self {
            out,
            err,
            input,
            can_ask,
            bars: false,
            json,
            quiet: false,
            colour: false,
            width: DEFAULT_WIDTH,
        }
    }

    /// Whether stdout belongs to one JSON document.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line of the result for people.
    pub fn say(&mut self, text: impl AsRef<str>) {
        if self.json {
            if !self.quiet {
                print(&mut self.err, text.as_ref());
            }
        } else {
            print(&mut self.out, text.as_ref());
        }
    }

    /// Prints a line of explanation, which `--quiet` leaves out.
    pub fn note(&mut self, text: impl AsRef<str>) {
        if !self.quiet {
            print(&mut self.err, text.as_ref());
        }
    }

    /// Prints an error for people.
    pub fn complain(&mut self, text: impl AsRef<str>) {
        print(&mut self.err, text.as_ref());
    }

    /// Prints a table, preceded by its title and an empty line.
    pub fn table(&mut self, title: &str, table: &Table) {
        self.say(format!("\n{title}\n{}", table.trim_fmt()));
    }

    /// Stdout itself, for the JSON document and for reports.
    pub fn out(&mut self) -> &mut (dyn Write + Send) {
        self.out.as_mut()
    }

    /// Asks a question on stderr and reads one line; an ended input is an empty answer.
    pub fn ask(&mut self, question: &str) -> io::Result<String> {
        write!(self.err, "\n{question} ")?;
        self.err.flush()?;
        let mut answer = Vec::new();
        let mut limited = io::Read::take(&mut self.input, LONGEST_ANSWER);
        limited.read_until(b'\n', &mut answer)?;
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }

    /// An empty table that fits the terminal.
    #[must_use]
    pub fn new_table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(header.iter().copied());
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }
}

/// A number, with separators between thousands, on the right of its cell.
#[must_use]
pub fn number(value: u64) -> Cell {
    Cell::new(grouped(value)).set_alignment(CellAlignment::Right)
}

/// Text with a tone.
#[must_use]
pub fn toned(text: &str, tone: Tone) -> Cell {
    let cell = Cell::new(text);
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Warn => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
    }
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut result = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            result.push(',');
        }
        result.push(digit);
    }
    result
}

/// A reader that went away (`onboard report | head`) is no fault of the run, so a failed print is not one either.
fn print(stream: &mut Box<dyn Write + Send>, text: &str) {
    let _closed = writeln!(stream, "{text}").and_then(|()| stream.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let shown: Vec<_> = [0, 12, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_answer_is_one_bounded_line() {
        let input = io::Cursor::new(format!(" yes \nmore\n{}", "x".repeat(5_000)));
        let mut console =
            Console::of_streams(Box::new(io::sink()), Box::new(io::sink()), Box::new(input), true, false);
        assert_eq!(console.ask("?").expect("reads"), "yes");
        assert_eq!(console.ask("?").expect("reads"), "more");
        assert_eq!(console.ask("?").expect("reads").len(), 1_000);
    }
}
