//! Guarded access to PDF files, for flattening and for reading.
//!
//! A PDF of a few kilobytes can unpack to gigabytes, refer to itself, or be encrypted. Before the parser sees a file,
//! the streams it would unpack while loading are measured; afterwards streams are unpacked here, with a bound, and
//! every walk has a depth and a count at which it stops.

use std::{collections::BTreeMap, io::Read as _};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

/// Most bytes that one stream may unpack to.
const MAX_STREAM: u64 = 64 * 1024 * 1024;
/// Deepest page tree or field tree.
const MAX_DEPTH: usize = 32;
/// Most form fields.
const MAX_FIELDS: usize = 5000;

/// Why a PDF is not read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PdfError {
    /// It asks for a password or restricts what may be done.
    #[error("the PDF is encrypted; remove the protection (print it to a new PDF) and put that in its place")]
    Encrypted,
    /// It is damaged.
    #[error("the PDF is broken and cannot be opened ({0}); get a new copy of it")]
    Broken(String),
    /// It unpacks to too much.
    #[error("the PDF unpacks to more than {} MiB; print it to a new PDF", MAX_STREAM / 1024 / 1024)]
    TooLarge,
}

/// Parses a file.
pub(crate) fn load(bytes: &[u8]) -> Result<Document, PdfError> {
    measure(bytes)?;
    let document = match Document::load_mem(bytes) {
        Ok(document) => document,
        Err(
            lopdf::Error::InvalidPassword
            | lopdf::Error::UnsupportedSecurityHandler(_)
            | lopdf::Error::Decryption(_),
        ) => {
            return Err(PdfError::Encrypted);
        }
        Err(error) => return Err(PdfError::Broken(error.to_string())),
    };
    if document.is_encrypted() || document.was_encrypted() || document.trailer.has(b"Encrypt") {
        return Err(PdfError::Encrypted);
    }
    if document.page_iter().next().is_none() {
        return Err(PdfError::Broken("it has no page".to_owned()));
    }
    Ok(document)
}

/// The parser unpacks object and cross-reference streams while it loads, without a bound; so they are unpacked here
/// first, into nothing.
fn measure(bytes: &[u8]) -> Result<(), PdfError> {
    let mut total = 0;
    let mut position = 0;
    while let Some(found) = bytes.get(position..).and_then(|rest| find(rest, b"stream")) {
        let (before, after) = bytes.split_at(position + found);
        let dictionary = before.get(before.len().saturating_sub(1024)..).unwrap_or_default();
        let packed = find(dictionary, b"ObjStm").is_some() || find(dictionary, b"XRef").is_some();
        if packed {
            let data = after.get(6..).unwrap_or_default();
            let skip = data.iter().take_while(|byte| **byte == b'\r' || **byte == b'\n').count();
            let unpacked = flate2::read::ZlibDecoder::new(data.get(skip..).unwrap_or_default());
            // A decoding error ends the stream for the parser too.
            let mut counter = unpacked.take(MAX_STREAM + 1 - total);
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = counter.read(&mut buffer) {
                total += count as u64;
            }
            if total > MAX_STREAM {
                return Err(PdfError::TooLarge);
            }
        }
        position += found + 6;
    }
    Ok(())
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// The plain bytes of a stream, if it is packed in a way that page content is.
pub(crate) fn content(stream: &Stream) -> Result<Vec<u8>, PdfError> {
    let filters = stream.filters().unwrap_or_default();
    let bounded =
        |bytes: Vec<u8>| if bytes.len() as u64 > MAX_STREAM { Err(PdfError::TooLarge) } else { Ok(bytes) };
    match filters.as_slice() {
        [] => bounded(stream.content.clone()),
        [b"FlateDecode" | b"Fl"] if !stream.dict.has(b"DecodeParms") => {
            let mut plain = Vec::new();
            // What was unpacked before an error is what viewers show, so it is taken.
            let _ = flate2::read::ZlibDecoder::new(stream.content.as_slice())
                .take(MAX_STREAM + 1)
                .read_to_end(&mut plain);
            bounded(plain)
        }
        // Packed in an unusual way, which can grow a thousandfold: only small ones.
        _ if stream.content.len() < 64 * 1024 => {
            bounded(stream.decompressed_content().map_err(|error| PdfError::Broken(error.to_string()))?)
        }
        _ => Err(PdfError::Broken("a page is packed in a way that is not supported".to_owned())),
    }
}

/// Follows references.
pub(crate) fn resolve<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}

/// An entry of a dictionary, references followed.
pub(crate) fn entry<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Object> {
    resolve(document, dictionary.get(key).ok()?)
}

/// An entry that pages and fields inherit from their parents.
pub(crate) fn inherited<'a>(document: &'a Document, start: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = start;
    for _ in 0..MAX_DEPTH {
        if let Some(found) = entry(document, node, key) {
            return Some(found);
        }
        node = entry(document, node, b"Parent")?.as_dict().ok()?;
    }
    None
}

/// Numbers of an array, if there are exactly that many and all are finite.
pub(crate) fn numbers<const N: usize>(document: &Document, object: Option<&Object>) -> Option<[f32; N]> {
    let array = object?.as_array().ok()?;
    let found: Vec<f32> = array
        .iter()
        .map(|item| resolve(document, item)?.as_float().ok().filter(|number| number.is_finite()))
        .collect::<Option<_>>()?;
    found.try_into().ok()
}

/// A rectangle with its corners in order: left, bottom, right, top.
pub(crate) fn rectangle(document: &Document, object: Option<&Object>) -> Option<[f32; 4]> {
    let [a, b, c, d] = numbers(document, object)?;
    Some([a.min(c), b.min(d), a.max(c), b.max(d)])
}

/// Text of a string or name object.
pub(crate) fn text(object: &Object) -> Option<String> {
    match object {
        Object::String(..) => lopdf::decode_text_string(object)
            .ok()
            .or_else(|| object.as_str().ok().map(|bytes| String::from_utf8_lossy(bytes).into_owned())),
        Object::Name(name) => Some(String::from_utf8_lossy(name).into_owned()),
        _ => None,
    }
}

/// One widget of a form: a place on a page where a field shows its value.
#[derive(Debug)]
pub(crate) struct Widget {
    /// Full name of its field.
    pub(crate) name: String,
    /// Value, if there is one: text, or the state of a box that is on.
    pub(crate) value: Option<String>,
    /// Page from 0, where known.
    pub(crate) page: Option<usize>,
    /// Left, bottom, right, top in the page's own coordinates, where known.
    pub(crate) area: Option<[f32; 4]>,
}

/// The catalog's form, if it has one.
pub(crate) fn form(document: &Document) -> Option<&Dictionary> {
    entry(document, document.catalog().ok()?, b"AcroForm")?.as_dict().ok()
}

/// All widgets of the form, in the order of its fields.
pub(crate) fn widgets(document: &Document) -> Vec<Widget> {
    let mut found = Vec::new();
    let Some(fields) = form(document).and_then(|form| entry(document, form, b"Fields")?.as_array().ok())
    else {
        return found;
    };
    let mut pages = BTreeMap::new();
    for (number, page) in document.page_iter().enumerate() {
        let annotations =
            document.get_dictionary(page).ok().and_then(|page| entry(document, page, b"Annots"));
        for annotation in annotations.and_then(|object| object.as_array().ok()).into_iter().flatten() {
            if let Ok(id) = annotation.as_reference() {
                pages.insert(id, number);
            }
        }
    }
    let mut budget = MAX_FIELDS;
    for field in fields {
        walk(document, field, "", &pages, 0, &mut budget, &mut found);
    }
    found
}

fn walk(
    document: &Document,
    object: &Object,
    parent: &str,
    pages: &BTreeMap<ObjectId, usize>,
    depth: usize,
    budget: &mut usize,
    found: &mut Vec<Widget>,
) {
    if depth > MAX_DEPTH || *budget == 0 {
        return;
    }
    *budget -= 1;
    let Some(field) = resolve(document, object).and_then(|object| object.as_dict().ok()) else { return };
    let own = entry(document, field, b"T").and_then(text).unwrap_or_default();
    let name = match (parent.is_empty(), own.is_empty()) {
        (_, true) => parent.to_owned(),
        (true, false) => own,
        (false, false) => format!("{parent}.{own}"),
    };
    let kids =
        entry(document, field, b"Kids").and_then(|kids| kids.as_array().ok()).filter(|kids| !kids.is_empty());
    if let Some(kids) = kids {
        for kid in kids {
            walk(document, kid, &name, pages, depth + 1, budget, found);
        }
        return;
    }
    found.push(Widget {
        value: value(document, field),
        page: object.as_reference().ok().and_then(|id| pages.get(&id).copied()),
        area: rectangle(document, entry(document, field, b"Rect")),
        name: name.chars().take(500).collect(),
    });
}

/// What a field holds. A check box or radio button counts by the state that is shown; "Off" is no value.
pub(crate) fn value(document: &Document, field: &Dictionary) -> Option<String> {
    let kind = inherited(document, field, b"FT")?.as_name().ok()?;
    let value = inherited(document, field, b"V");
    let text = match kind {
        b"Btn" => {
            let state = entry(document, field, b"AS").or(value).and_then(text)?;
            if state == "Off" {
                return None;
            }
            state
        }
        b"Tx" => match value? {
            Object::Stream(stream) => String::from_utf8_lossy(&content(stream).ok()?).into_owned(),
            other => text(other)?,
        },
        b"Ch" => match value? {
            Object::Array(several) => several
                .iter()
                .filter_map(|one| resolve(document, one).and_then(text))
                .collect::<Vec<_>>()
                .join(", "),
            other => text(other)?,
        },
        _ => return None,
    };
    let text: String = text.trim().chars().take(2000).collect();
    (!text.is_empty()).then_some(text)
}
