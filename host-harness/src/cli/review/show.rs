//! `onboard review show ID`: everything a person needs to decide about one certificate. What was read with how sure
//! that is, which rules fired over which words, whose certificate it may be, what was said about it before, and a
//! picture of each page with the places marked. A document that is gone takes only the pictures away.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use comfy_table::Cell;
use document_reader::model::Grey;
use serde_json::{Value, json};

use super::{
    certificate::{Certificate, Severity},
    list::sureness,
    picture,
    pool::Summary,
    word::Word,
};
use crate::{
    cli::{
        console::{Console, Tone, toned},
        exit::{Exit, Failure, sentence},
    },
    documents::{self, Documents},
    model::documents::{DocumentError, Rendition},
    report::render::to_the_second,
};

/// Gives the upright grey picture of a page (from 0) of a document and its points per pixel, or says why not. Blocks.
pub type Draw = Arc<dyn Fn(&[u8], u32) -> Result<(Grey, f32), String> + Send + Sync>;

/// Where page pictures come from.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
#[derive(Clone)]
pub struct Source {
    /// Where the documents lie, or why they cannot be had.
    pub documents: Result<Arc<dyn Documents>, String>,
    /// What draws their pages.
    pub draw: Draw,
    /// Folder for the pictures.
    pub folder: PathBuf,
}

/// Shows a certificate and returns it for machines.
///
/// # Errors
/// When the pictures cannot be written where they should go.
pub async fn run(
    console: &mut Console,
    (summary, certificate, words): (&Summary, &Certificate, &[Word]),
    source: &Source,
) -> Result<Value, Failure> {
    head(console, summary, certificate);
    fields(console, certificate);
    coverage(console, certificate);
    findings(console, certificate);
    candidates(console, summary, certificate);
    spoken(console, words);
    let (mut pictures, mut problem) = (Vec::new(), None);
    match bytes(source, summary).await {
        Ok(bytes) => {
            make_folder(&source.folder)?;
            for page in summary.first_page..summary.first_page.saturating_add(summary.page_count) {
                match drawn(&bytes, certificate, page, &source.draw).await {
                    Ok(png) => {
                        let path = source.folder.join(format!("{}-page-{page}.png", summary.id));
                        write(&path, &png)?;
                        pictures.push(path);
                    }
                    Err(why) => problem = problem.or(Some(format!("Page {page} could not be drawn: {why}"))),
                }
            }
        }
        Err(why) => problem = Some(why),
    }
    if !pictures.is_empty() {
        console.say("\nPictures of the pages, sure values in green, doubtful ones in amber, faults in red:");
        pictures.iter().for_each(|path| console.say(path.display().to_string()));
    }
    if let Some(problem) = &mut problem {
        *problem = sentence(problem);
        console.complain(format!("\n{problem}"));
    }
    let pictures: Vec<_> = pictures.iter().map(|path| path.display().to_string()).collect();
    Ok(json!({
        "action": "show", "summary": summary, "certificate": certificate, "words": words,
        "pictures": pictures, "picture_problem": problem,
    }))
}

fn head(console: &mut Console, summary: &Summary, certificate: &Certificate) {
    let pages = match summary.page_count {
        1 => format!("page {}", summary.first_page),
        count => format!("pages {} to {}", summary.first_page, summary.first_page + count - 1),
    };
    console.say(format!("Certificate {}: {}, {pages}", summary.id, summary.document));
    let form = if certificate.form_name.is_empty() { "form not recognised" } else { &certificate.form_name };
    let revision = match certificate.revision.as_str() {
        "" => String::new(),
        revision => format!(", revision {revision}"),
    };
    console.say(format!("{form}{revision}"));
    if !summary.detail.is_empty() {
        console.say(sentence(&summary.detail));
    }
}

fn fields(console: &mut Console, certificate: &Certificate) {
    let mut table = console.new_table(&["Field", "Value", "Stands there as", "Page", "Found", "Sure"]);
    for field in &certificate.fields {
        table.add_row(vec![
            Cell::new(field.field.replace('-', " ")),
            Cell::new(&field.value),
            Cell::new(if field.raw == field.value { "the same" } else { &field.raw }),
            page(field.page),
            Cell::new(how(&field.how)),
            sureness(field.confidence),
        ]);
    }
    if table.is_empty() {
        console.say("\nNo value was read.");
    } else {
        console.table("What was read", &table);
    }
}

fn how(name: &str) -> &str {
    match name {
        "label" => "beside its label",
        "form-field" => "form field",
        "box" => "check box",
        "pattern" => "by its look",
        "rule" => "follows by rule",
        "person" => "said by a person",
        other => other,
    }
}

fn coverage(console: &mut Console, certificate: &Certificate) {
    let mut table = console.new_table(&["State", "Number"]);
    for one in &certificate.coverage {
        let number = if one.number.is_empty() { "none" } else { &one.number };
        table.add_row(vec![Cell::new(&one.region), Cell::new(number)]);
    }
    if !table.is_empty() {
        console.table("States it is for", &table);
    }
    if !certificate.use_code.is_empty() {
        console.say(format!("Reason: entity/use code {}", certificate.use_code));
    }
}

fn findings(console: &mut Console, certificate: &Certificate) {
    let mut table = console.new_table(&["Gravity", "What is the matter", "Words", "Page", "Rule"]);
    for finding in &certificate.findings {
        let gravity = match finding.severity {
            Severity::Fail => toned("not valid", Tone::Bad),
            Severity::Review => toned("to be looked at", Tone::Warn),
            Severity::Warn => Cell::new("remark"),
        };
        table.add_row(vec![
            gravity,
            Cell::new(finding.sentence()),
            Cell::new(&finding.words),
            page(finding.page),
            Cell::new(&finding.rule),
        ]);
    }
    if !table.is_empty() {
        console.table("Rules that fired", &table);
    }
}

fn candidates(console: &mut Console, summary: &Summary, certificate: &Certificate) {
    if !summary.customer.is_empty() {
        console.say(format!("\nMatched to customer {}.", summary.customer));
    }
    let mut table = console.new_table(&["Customer", "Name", "Likeness", "What speaks for it"]);
    for candidate in &certificate.candidates {
        table.add_row(vec![
            Cell::new(&candidate.code),
            Cell::new(&candidate.name),
            sureness(candidate.score),
            Cell::new(&candidate.why),
        ]);
    }
    if !table.is_empty() {
        console.table("Whose certificate it may be", &table);
    } else if summary.customer.is_empty() {
        console.say("\nNo customer is like the purchaser.");
    }
}

fn spoken(console: &mut Console, words: &[Word]) {
    let mut table = console.new_table(&["When", "Who", "What", "Why"]);
    for word in words {
        let mut what = vec![word.verdict.words().to_owned()];
        what.extend(word.customer.iter().map(|code| format!("customer {code}")));
        what.extend(word.set.iter().map(|(field, value)| format!("{field} {value}")));
        table.add_row(vec![
            Cell::new(to_the_second(&word.at)),
            Cell::new(&word.by),
            Cell::new(what.join("\n")),
            Cell::new(&word.reason),
        ]);
    }
    if !table.is_empty() {
        console.table("What was said about it before; the last word counts", &table);
    }
}

fn page(page: Option<u32>) -> Cell {
    page.map_or_else(
        || Cell::new(""),
        |page| Cell::new(page).set_alignment(comfy_table::CellAlignment::Right),
    )
}

/// The document's bytes, if it is still the one that was read.
async fn bytes(source: &Source, summary: &Summary) -> Result<bytes::Bytes, String> {
    let missing = |why: String| format!("There are no pictures of {}, because {why}", summary.document);
    let documents = source.documents.as_ref().map_err(|why| missing(why.clone()))?;
    let bytes = documents.bytes(&summary.document_id, Rendition::Original).await.map_err(|error| {
        missing(match error {
            DocumentError::NotFound => {
                "it is no longer where it was; name the folder it lies in with --from".to_owned()
            }
            DocumentError::TooLarge(why)
            | DocumentError::Unsupported(why)
            | DocumentError::Unavailable(why) => why,
        })
    })?;
    if documents::digest(&bytes) != summary.sha256 {
        return Err(missing("it has changed since it was read; preview again".to_owned()));
    }
    Ok(bytes)
}

async fn drawn(
    bytes: &bytes::Bytes,
    certificate: &Certificate,
    page: u32,
    draw: &Draw,
) -> Result<Vec<u8>, String> {
    let frames = picture::frames(certificate, page);
    let (bytes, draw) = (bytes.clone(), Arc::clone(draw));
    let work = move || {
        let (grey, points_per_pixel) = draw(&bytes, page.saturating_sub(1))?;
        picture::draw(&grey, points_per_pixel, &frames).map_err(|error| error.to_string())
    };
    // A reader that panics over a hostile file takes down its thread, not the command.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err("the reader broke down over this document".to_owned()))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| not_written(folder, &error))
}

fn write(path: &PathBuf, png: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It shows a customer's papers.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).and_then(|mut file| file.write_all(png)).map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        "output",
        format!("The page pictures could not be written to {}: {error}.", path.display()),
        "Name a folder that you may write to with --out.",
    )
}
