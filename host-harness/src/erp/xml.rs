//! Reading exported XML safely.
//!
//! Files are streamed, counted and bounded: a file, a single tag or text of it, the nesting, and what the adapters keep
//! of all files together ([`Held`]). A document type declaration is refused outright, because entity expansion is how
//! small XML becomes large; only the five entities of XML itself and character references are known. Errors name the
//! file and the line.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use quick_xml::{Reader, XmlVersion, events::BytesStart, events::Event};

use super::ErpOpenError;
use crate::error::plain;

/// Largest file.
const MAX_FILE: u64 = 128 * 1024 * 1024;
/// Most files of a folder.
const MAX_FILES: usize = 500;
/// Deepest nesting; ERP exports need about five.
const MAX_DEPTH: usize = 64;
/// Longest tag with its attributes, and longest text between two tags. Only that much is in memory of a file; exports of
/// everything hold whole web pages in one field.
const MAX_PIECE: u64 = 8 * 1024 * 1024;
/// Most bytes that are kept of all files together.
const MAX_HELD: usize = 1024 * 1024 * 1024;
/// Longest message about a file.
const MAX_MESSAGE: usize = 500;
/// What keeping one record takes beside its text.
const RECORD: usize = 100;

/// What an adapter keeps in memory of its files, counted, and how much that may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    bytes: usize,
    most: usize,
}

impl Default for Held {
    fn default() -> Self {
        Self { bytes: 0, most: MAX_HELD }
    }
}

impl Held {
    /// Counts one more record with so many bytes of text.
    pub(super) fn add(&mut self, text: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(text).saturating_add(RECORD);
        if self.bytes > self.most {
            return Err(format!(
                "the records up to here take more than {} MiB of memory; export only what customers need, or load it \
                 into a database and read that",
                self.most / 1024 / 1024
            ));
        }
        Ok(())
    }
}

/// The XML files of a folder sorted by name, or the one file.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, ErpOpenError> {
    let read = |source| ErpOpenError::Read { path: path.to_path_buf(), source };
    if !fs::metadata(path).map_err(read)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(read)? {
        let file = entry.map_err(read)?.path();
        let is_xml = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        if is_xml && file.is_file() {
            found.push(file);
        }
        if found.len() > MAX_FILES {
            return Err(ErpOpenError::TooLarge {
                path: path.to_path_buf(),
                limit: format!("{MAX_FILES} files"),
            });
        }
    }
    if found.is_empty() {
        return Err(ErpOpenError::Unexpected {
            path: path.to_path_buf(),
            message: "holds no .xml file".to_owned(),
        });
    }
    found.sort();
    Ok(found)
}

/// What a file is made of, as far as the adapters care.
pub(super) enum Piece<'a> {
    /// An element begins.
    Open(&'a BytesStart<'a>),
    /// Text inside an element, entities resolved. May come in several pieces.
    Text(&'a str),
    /// An element ends.
    Close,
}

/// Opens a file for [`stream`].
pub(super) fn open(path: &Path) -> Result<impl BufRead, ErpOpenError> {
    let read = |source| ErpOpenError::Read { path: path.to_path_buf(), source };
    let file = fs::File::open(path).map_err(read)?;
    if file.metadata().map_err(read)?.len() > MAX_FILE {
        let limit = format!("{} MiB for one file", MAX_FILE / 1024 / 1024);
        return Err(ErpOpenError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(BufReader::new(file.take(MAX_FILE)))
}

/// Streams XML piece by piece; what `take` complains about becomes an error with the line. `path` is for errors.
pub(super) fn stream(
    path: &Path,
    input: impl BufRead,
    take: impl FnMut(Piece<'_>) -> Result<(), String>,
) -> Result<(), ErpOpenError> {
    within(MAX_PIECE, path, input, take)
}

fn within(
    longest: u64,
    path: &Path,
    input: impl BufRead,
    mut take: impl FnMut(Piece<'_>) -> Result<(), String>,
) -> Result<(), ErpOpenError> {
    let mut reader = Reader::from_reader(Metered { inner: input, lines: 0, left: longest });
    let mut buffer = Vec::new();
    let mut depth = 0_usize;
    loop {
        buffer.clear();
        reader.get_mut().left = longest;
        let result = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) if depth > 0 => {
                Err("the file ends in the middle of an element; it may be cut off".to_owned())
            }
            Ok(Event::Eof) => return Ok(()),
            Ok(event) => piece(&event, &mut depth, &mut take),
            Err(_) if reader.get_ref().left == 0 => {
                Err(format!("one tag or text is longer than {longest} bytes; export without that field"))
            }
            Err(quick_xml::Error::Io(error)) => {
                let source = io::Error::new(error.kind(), error.to_string());
                return Err(ErpOpenError::Read { path: path.to_path_buf(), source });
            }
            Err(error) => Err(format!("this is not well-formed XML: {error}")),
        };
        if let Err(message) = result {
            let line = reader.get_ref().lines + 1;
            // It may quote the file, which says what it likes and as much as it likes.
            let message = plain(&message, MAX_MESSAGE);
            return Err(ErpOpenError::Broken { path: path.to_path_buf(), line, message });
        }
    }
}

/// Counts lines, and ends a piece that is too long: the parser gathers each piece whole before it hands it over.
struct Metered<R> {
    inner: R,
    lines: u64,
    /// Bytes that the piece being read may still have.
    left: u64,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed was filled before, so this reads nothing.
        let used = self.inner.fill_buf().ok().and_then(|buffer| buffer.get(..count)).unwrap_or_default();
        self.lines += used.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.left = self.left.saturating_sub(count as u64);
        self.inner.consume(count);
    }
}

fn piece(
    event: &Event<'_>,
    depth: &mut usize,
    take: &mut impl FnMut(Piece<'_>) -> Result<(), String>,
) -> Result<(), String> {
    match event {
        Event::Start(element) => {
            *depth += 1;
            if *depth > MAX_DEPTH {
                return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
            }
            take(Piece::Open(element))
        }
        Event::Empty(element) => {
            take(Piece::Open(element))?;
            take(Piece::Close)
        }
        Event::End(_) => {
            *depth = depth.saturating_sub(1);
            take(Piece::Close)
        }
        Event::Text(text) => take(Piece::Text(&text.xml10_content())),
        Event::CData(text) => take(Piece::Text(&text.xml10_content())),
        Event::GeneralRef(reference) => {
            if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
                return take(Piece::Text(character.encode_utf8(&mut [0; 4])));
            }
            let name = reference.xml10_content();
            match quick_xml::escape::resolve_predefined_entity(&name) {
                Some(text) => take(Piece::Text(text)),
                None => {
                    Err("an entity is used that XML itself does not define; export without entities"
                        .to_owned())
                }
            }
        }
        Event::DocType(_) => Err("a DOCTYPE is not allowed here; export without one".to_owned()),
        Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
    }
}

/// The value of an attribute, entities resolved, cut to `most` characters; empty is none.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str, most: usize) -> Result<Option<String>, String> {
    let Some(found) = element.try_get_attribute(name).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let value = found.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
    Ok(super::text::one_line(&value, most))
}

#[cfg(test)]
mod tests {
    use std::{io::BufReader, path::Path};

    use super::{Held, Piece, RECORD, files, stream, within};

    fn message(text: &[u8]) -> String {
        match stream(Path::new("a.xml"), text, |_| Ok(())) {
            Ok(()) => "fine".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn broken_xml_names_file_and_line() {
        let text = message(b"<a>\n<b>\n</a>");
        assert!(text.contains("a.xml, line 3: this is not well-formed XML"), "{text}");
        assert!(message(b"<a>\n").contains("cut off"));
        assert!(message(b"<a>\xff</a>").contains("line 1"));
    }

    #[test]
    fn an_error_quotes_little_of_a_file_and_nothing_invisible() {
        let text = message(format!("<a>\n</\u{1b}[2J{}>", "b".repeat(10_000)).as_bytes());
        assert!(text.chars().count() < 600 && !text.contains('\u{1b}'), "{text}");
        let text = message(format!("<{}>\n</a>", "\u{202e}b".repeat(10_000)).as_bytes());
        assert!(text.chars().count() < 600 && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn a_doctype_and_its_entities_are_refused() {
        assert!(message(b"<!DOCTYPE a [<!ENTITY x \"y\">]>\n<a>&x;</a>").contains("DOCTYPE"));
        assert!(message(b"<a>&x;</a>").contains("entity"));
        assert_eq!(message(b"<a>&amp;&#65;</a>"), "fine");
    }

    #[test]
    fn nesting_has_an_end() {
        assert!(message("<a>".repeat(100).as_bytes()).contains("nested"));
    }

    #[test]
    fn text_comes_with_entities_resolved() {
        let text = "<a>Smith &amp; &#83;on<![CDATA[ <Ltd>]]></a>";
        let mut all = String::new();
        stream(Path::new("a.xml"), text.as_bytes(), |piece| {
            if let Piece::Text(text) = piece {
                all.push_str(text);
            }
            Ok(())
        })
        .expect("readable");
        assert_eq!(all, "Smith & Son <Ltd>");
    }

    #[test]
    fn one_tag_or_text_may_not_fill_the_memory() {
        let most = |text: String| {
            // As from a file: a little at a time.
            let input = BufReader::with_capacity(16, text.as_bytes());
            within(100, Path::new("a.xml"), input, |_| Ok(())).map_err(|error| error.to_string())
        };
        let long = "x".repeat(150);
        for text in [
            format!("<a>\n<b>{long}</b></a>"),
            format!("<a>\n<b c='{long}'/></a>"),
            format!("<a>\n<{long}/></a>"),
            format!("<a>\n<!--{long}--></a>"),
            format!("<a>\n<![CDATA[{long}]]></a>"),
        ] {
            let error = most(text).expect_err("too long");
            assert!(error.contains("line 2: one tag or text is longer than 100 bytes"), "{error}");
        }
        assert_eq!(most(format!("<a>{}</a>", "<b>some text</b>\n".repeat(50))), Ok(()));
    }

    #[test]
    fn what_is_kept_of_all_files_has_an_end() {
        let mut held = Held { bytes: 0, most: 10 * (RECORD + 5) };
        for _ in 0..10 {
            assert_eq!(held.add(5), Ok(()));
        }
        assert!(held.add(0).expect_err("full").contains("of memory"));
    }

    #[test]
    fn a_folder_without_xml_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(files(folder.path()).expect_err("empty").to_string().contains("no .xml file"));
    }
}
