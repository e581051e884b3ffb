//! `read-eval DIR`: measures how well the certificates of a folder are read. See `docs/reading.md`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use demo_data::documents::{DocumentOptions, write_documents};
use document_reader::recognise::{self, Networks};
use indicatif::ProgressBar;
use read_eval::error::EvalError;
use read_eval::evaluate;
use read_eval::musts;
use read_eval::print::{self, Look};
use read_eval::readings;
use read_eval::report::Report;
use read_eval::totals;
use read_eval::truth::{self, TruthFile};

/// Measures how well the certificates of a folder are read.
///
/// The folder holds documents, truth.json and customers.json. Ends with 1 if a bound does not hold, with 2 if nothing
/// could be measured.
#[derive(Debug, Parser)]
#[command(name = "read-eval", version)]
struct Arguments {
    /// Folder of the documents.
    folder: PathBuf,
    /// Which reader to measure.
    #[arg(long, value_enum, default_value_t = Reader::Native)]
    reader: Reader,
    /// Documents read at a time; seconds a page are honest with 1 only.
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Threads that the networks compute one page with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    network_threads: usize,
    /// Keeps what was read in this folder and reads nothing twice; empty it when the reader changes.
    #[arg(long, value_name = "DIR")]
    readings: Option<PathBuf>,
    /// Only documents with this in their name.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Writes so many certificates into the folder first, with chance starting at SEED.
    #[arg(long, num_args = 2, value_names = ["SEED", "COUNT"])]
    generate: Option<Vec<u32>>,
    /// With --generate: adds a document for each kind of fault.
    #[arg(long, requires = "generate")]
    faults: bool,
    /// With --generate: folder of the fonts [default: where `cargo xtask setup` puts them].
    #[arg(long, value_name = "DIR", requires = "generate")]
    fonts: Option<PathBuf>,
    /// Folder of the weights [default: where `cargo xtask setup` puts them].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// How tables look; Markdown has the sums and the faults only.
    #[arg(long, value_enum, default_value_t = Tables::Text)]
    table: Tables,
    /// Prints everything as one JSON document.
    #[arg(long, conflicts_with = "table")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reader {
    /// In this process.
    Native,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tables {
    /// For a terminal.
    Text,
    /// Markdown.
    Md,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _unheard = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Writes documents, if that was asked for.
fn generate(arguments: &Arguments) -> Result<(), EvalError> {
    let Some([seed, count]) = arguments.generate.as_deref() else { return Ok(()) };
    let fonts = arguments.fonts.clone().or_else(recognise::default_fonts).ok_or(EvalError::NoFonts)?;
    let options = DocumentOptions {
        faults: arguments.faults,
        ..DocumentOptions::new(u64::from(*seed), *count, &fonts)
    };
    write_documents(&arguments.folder, &options)?;
    Ok(())
}

/// Names under which the seller sells. Generated documents are made out to the seller of the generator.
fn sellers(answers: &TruthFile) -> Vec<String> {
    let generated = answers.documents.iter().any(|truth| truth.form.is_some());
    if generated && answers.seller_names.is_empty() {
        DocumentOptions::new(0, 0, "".as_ref()).seller_names
    } else {
        answers.seller_names.clone()
    }
}

/// Whether all bounds hold.
fn run(arguments: &Arguments) -> Result<bool, EvalError> {
    generate(arguments)?;
    let answers = truth::answers(&arguments.folder)?;
    let customers = truth::customers(&arguments.folder)?;
    let jobs = readings::jobs(&answers.documents, &arguments.only);
    if jobs.is_empty() {
        let (folder, only) = (arguments.folder.clone(), arguments.only.clone());
        return Err(EvalError::Nothing { folder, only });
    }
    let options = readings::Options {
        folder: arguments.folder.clone(),
        threads: arguments.threads,
        readings: arguments.readings.clone(),
        seller_names: sellers(&answers),
    };
    let models = arguments.models.clone().or_else(recognise::default_folder).ok_or(EvalError::NoModels)?;
    let networks = Networks::load(&models, arguments.network_threads.max(1))?;
    let bar = ProgressBar::new(jobs.len().try_into().unwrap_or(u64::MAX));
    let done = match arguments.reader {
        Reader::Native => readings::read(&jobs, &options, &networks, &|| bar.inc(1))?,
    };
    bar.finish_and_clear();
    let outcomes = evaluate::outcomes(&jobs, &done, &customers);
    let groups = totals::groups(&outcomes);
    let musts = musts::musts(&outcomes, &groups);
    let peak = readings::peak_memory();
    let text = if arguments.json {
        let report = Report::new(&outcomes, &groups, &musts, peak);
        serde_json::to_string_pretty(&report).map_err(EvalError::Json)? + "\n"
    } else if arguments.table == Tables::Md {
        let faults =
            print::faults(&outcomes, Look::Markdown).map(|it| format!("\n{it}\n")).unwrap_or_default();
        format!("{}\n{faults}", print::totals(&groups, Look::Markdown))
    } else {
        print::all(&outcomes, &groups, &musts, peak)
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(EvalError::Print)?;
    Ok(musts.iter().all(|must| must.holds))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
        let arguments = Arguments::parse_from(["read-eval", "x", "--generate", "7", "300", "--faults"]);
        assert_eq!((arguments.generate, arguments.faults), (Some(vec![7, 300]), true));
        assert!(Arguments::try_parse_from(["read-eval", "x", "--faults"]).is_err(), "faults of nothing");
    }

    #[test]
    fn samples_have_no_seller_and_generated_documents_that_of_the_generator() {
        let parse = |json: &str| -> TruthFile { serde_json::from_str(json).unwrap() };
        let sample = r#"{"documents": [{"id": "a", "file": "a", "layout": "mtc", "fields": {}}]}"#;
        assert!(sellers(&parse(sample)).is_empty());
        let made =
            r#"{"documents": [{"id": "a", "file": "a", "layout": "mtc", "form": "mtc", "fields": {}}]}"#;
        assert!(sellers(&parse(made)).iter().any(|name| name == "Example Supply Inc."));
        let named = r#"{"documents": [], "seller_names": ["Other Example LLC"]}"#;
        assert_eq!(sellers(&parse(named)), ["Other Example LLC"]);
    }
}
