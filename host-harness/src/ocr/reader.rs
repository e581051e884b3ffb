//! Reads the text layer and the form fields of PDF files.
//!
//! The work happens on a thread of its own with a deadline, because the file may be made to waste time, and inside a
//! guard against panics, because the font library has them. Whatever goes wrong ends as a sentence about the document,
//! never as a fault of the host.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use lopdf::{Dictionary, Document, Object, Stream, content::Content, dictionary};

use super::{
    Ocr,
    layout::{View, Words},
    page_text::{self, PageText},
};
use crate::{
    documents::{
        MAX_BYTES,
        pdf::{self, PdfError},
    },
    model::ocr::{FormField, OcrError, Reading, TextPage},
};

/// Most pages of a document, as the contract says.
const MAX_PAGES: usize = 50;
/// Stack of the reading thread: parsers nest.
const STACK: usize = 16 * 1024 * 1024;
/// US Letter, for pages that do not say how large they are.
const LETTER: [f32; 4] = [0.0, 0.0, 612.0, 792.0];

/// Reads text layers and form fields; answers that pictures need a reader.
#[derive(Debug, Clone)]
pub struct TextReader {
    deadline: Duration,
}

impl Default for TextReader {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(60) }
    }
}

impl TextReader {
    /// A reader that gives up on a document after this time.
    pub fn with_deadline(deadline: Duration) -> Self {
        Self { deadline }
    }
}

impl Ocr for TextReader {
    fn read(&self, bytes: &[u8], media_type: &str) -> Result<Reading, OcrError> {
        if bytes.len() as u64 > MAX_BYTES {
            let limit = MAX_BYTES / 1024 / 1024;
            return Err(OcrError::TooLarge(format!(
                "the document is larger than {limit} MiB, the limit for reading"
            )));
        }
        match media_type {
            _ if bytes.is_empty() => Err(unreadable("the document is empty")),
            "application/pdf" => self.read_pdf(bytes.to_vec()),
            "image/png" | "image/jpeg" | "image/tiff" => Err(needs_reader()),
            "application/zip" => Err(unreadable("this is a ZIP or Office file; save it as PDF")),
            _ => Err(unreadable("this is neither a PDF nor a picture")),
        }
    }
}

impl TextReader {
    fn read_pdf(&self, bytes: Vec<u8>) -> Result<Reading, OcrError> {
        let (send, receive) = mpsc::channel();
        let work = move || {
            let result = catch_unwind(AssertUnwindSafe(|| read_pdf(&bytes)));
            let stopped = |_| Err(unreadable("the PDF is broken in a way that stopped its reader"));
            // Nobody listens any more after the deadline.
            let _ = send.send(result.unwrap_or_else(stopped));
        };
        let thread = thread::Builder::new().name("document-reader".to_owned()).stack_size(STACK).spawn(work);
        if let Err(error) = thread {
            return Err(unreadable(&format!("no thread could be started to read it ({error}); try again")));
        }
        receive.recv_timeout(self.deadline).unwrap_or_else(|_| {
            Err(unreadable(&format!("reading it took longer than {} seconds", self.deadline.as_secs())))
        })
    }
}

fn read_pdf(bytes: &[u8]) -> Result<Reading, OcrError> {
    let document = pdf::load(bytes).map_err(refused)?;
    let page_ids: Vec<_> = document.page_iter().take(MAX_PAGES + 1).collect();
    if page_ids.len() > MAX_PAGES {
        return Err(OcrError::TooLarge(format!(
            "the document has more than {MAX_PAGES} pages, the limit for reading"
        )));
    }
    let mut pages = Vec::with_capacity(page_ids.len());
    let mut views = Vec::with_capacity(page_ids.len());
    let mut pictures = false;
    for page in page_ids {
        let page =
            document.get_dictionary(page).map_err(|error| refused(PdfError::Broken(error.to_string())))?;
        let view = view(&document, page);
        let text = page_text::reduce(&document, page, &page_content(&document, page)?).map_err(refused)?;
        pictures |= text.pictures;
        let words = if text.shows_text { words(&document, text, view)? } else { Vec::new() };
        let (width, height) = view.size();
        pages.push(TextPage { width, height, words, marks: Vec::new(), turned: 0.0 });
        views.push(view);
    }
    let fields = fields(&document, &views);
    if fields.is_empty() && pages.iter().all(|page| page.words.is_empty()) {
        return Err(if pictures {
            needs_reader()
        } else {
            unreadable("the PDF shows neither text nor a picture")
        });
    }
    Ok(Reading { pages, fields, reader: "text layer".to_owned() })
}

/// The content of a page: one stream, or several that count as one.
fn page_content(document: &Document, page: &Dictionary) -> Result<Vec<u8>, OcrError> {
    let streams: Vec<&Stream> = match pdf::entry(document, page, b"Contents") {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(parts)) => {
            parts.iter().filter_map(|part| pdf::resolve(document, part)?.as_stream().ok()).collect()
        }
        _ => Vec::new(),
    };
    let mut content = Vec::new();
    for stream in streams {
        content.extend(pdf::content(stream).map_err(refused)?);
        content.push(b'\n');
        if content.len() as u64 > 4 * MAX_BYTES {
            return Err(refused(PdfError::TooLarge));
        }
    }
    Ok(content)
}

fn view(document: &Document, page: &Dictionary) -> View {
    let area = [&b"CropBox"[..], b"MediaBox"]
        .into_iter()
        .filter_map(|key| pdf::rectangle(document, pdf::inherited(document, page, key)))
        .find(|[left, bottom, right, top]| right - left > 1.0 && top - bottom > 1.0)
        .unwrap_or(LETTER);
    let turned =
        pdf::inherited(document, page, b"Rotate").and_then(|turned| turned.as_i64().ok()).unwrap_or(0);
    View { area: area.map(f64::from), turns: u8::try_from(turned.rem_euclid(360) / 90).unwrap_or(0) }
}

/// Has the font library place every character of a page that holds nothing but text.
fn words(document: &Document, text: PageText, view: View) -> Result<Vec<crate::model::ocr::Word>, OcrError> {
    let broken = |error: String| refused(PdfError::Broken(error));
    let content =
        Content { operations: text.operations }.encode().map_err(|error| broken(error.to_string()))?;
    // Fonts are shared by reference, so the page joins a copy of the objects without their pages' content.
    let mut only = Document::with_version("1.7");
    only.objects = reachable(document, &text.fonts);
    only.max_id = document.max_id;
    let content = only.add_object(Stream::new(dictionary! {}, content));
    let pages = only.new_object_id();
    let page = only.add_object(dictionary! {
        "Type" => "Page",
        "Parent" => pages,
        "MediaBox" => view.area.map(|number| Object::Real(number as f32)).to_vec(),
        "Resources" => dictionary! { "Font" => text.fonts },
        "Contents" => content,
    });
    only.set_object(pages, dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
    let catalog = only.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    only.trailer.set("Root", catalog);
    let mut device = Words::new(view);
    pdf_extract::output_doc_page(&only, &mut device, 1).map_err(|error| broken(error.to_string()))?;
    Ok(device.finish())
}

/// The objects that fonts need, found by following references.
fn reachable(document: &Document, fonts: &Dictionary) -> std::collections::BTreeMap<lopdf::ObjectId, Object> {
    let mut found = std::collections::BTreeMap::new();
    let mut open: Vec<&Object> = fonts.iter().map(|(_, font)| font).collect();
    while let Some(object) = open.pop() {
        match object {
            Object::Reference(id) => {
                if !found.contains_key(id)
                    && let Ok(target) = document.get_object(*id)
                {
                    found.insert(*id, target.clone());
                    open.push(target);
                }
            }
            Object::Array(items) => open.extend(items),
            Object::Dictionary(items) => open.extend(items.iter().map(|(_, item)| item)),
            Object::Stream(stream) => open.extend(stream.dict.iter().map(|(_, item)| item)),
            _ => {}
        }
    }
    found
}

fn fields(document: &Document, views: &[View]) -> Vec<FormField> {
    pdf::widgets(document)
        .into_iter()
        .filter_map(|widget| {
            let view = widget.page.and_then(|page| views.get(page));
            let area = widget.area.zip(view).and_then(|([left, bottom, right, top], view)| {
                view.around(&[(left.into(), bottom.into()), (right.into(), top.into())])
            });
            let page = widget.page.and_then(|page| u32::try_from(page).ok());
            Some(FormField { name: widget.name, value: widget.value?, ticked: false, page, area })
        })
        .collect()
}

fn refused(error: PdfError) -> OcrError {
    match error {
        PdfError::TooLarge => OcrError::TooLarge(error.to_string()),
        PdfError::Encrypted | PdfError::Broken(_) => OcrError::Unreadable(error.to_string()),
    }
}

fn unreadable(message: &str) -> OcrError {
    OcrError::Unreadable(message.to_owned())
}

fn needs_reader() -> OcrError {
    OcrError::NeedsReader(
        "this is a picture or scan without text; reading it takes a recognition engine, which this host has not".to_owned(),
    )
}
