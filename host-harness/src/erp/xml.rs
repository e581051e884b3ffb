//! Reading exported XML safely.
//!
//! Files are streamed, counted and bounded. A document type declaration is refused outright, because entity expansion
//! is how small XML becomes large; only the five entities of XML itself and character references are known. Errors
//! name the file and the line.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use quick_xml::{Reader, XmlVersion, events::BytesStart, events::Event};

use super::ErpOpenError;

/// Largest file.
const MAX_FILE: u64 = 128 * 1024 * 1024;
/// Most files of a folder.
const MAX_FILES: usize = 500;
/// Deepest nesting; ERP exports need about five.
const MAX_DEPTH: usize = 64;

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

/// Streams a file piece by piece; what `take` complains about becomes an error with the line.
pub(super) fn stream(
    path: &Path,
    mut take: impl FnMut(Piece<'_>) -> Result<(), String>,
) -> Result<(), ErpOpenError> {
    let read = |source| ErpOpenError::Read { path: path.to_path_buf(), source };
    let file = fs::File::open(path).map_err(read)?;
    if file.metadata().map_err(read)?.len() > MAX_FILE {
        let limit = format!("{} MiB for one file", MAX_FILE / 1024 / 1024);
        return Err(ErpOpenError::TooLarge { path: path.to_path_buf(), limit });
    }
    let mut reader = Reader::from_reader(BufReader::new(file.take(MAX_FILE)));
    let mut buffer = Vec::new();
    let mut depth = 0_usize;
    loop {
        buffer.clear();
        let result = match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) if depth > 0 => {
                Err("the file ends in the middle of an element; it may be cut off".to_owned())
            }
            Ok(Event::Eof) => return Ok(()),
            Ok(event) => piece(&event, &mut depth, &mut take),
            Err(error) => Err(format!("this is not well-formed XML: {error}")),
        };
        if let Err(message) = result {
            let position = reader.buffer_position().max(reader.error_position());
            return Err(ErpOpenError::Broken {
                path: path.to_path_buf(),
                line: line_at(path, position),
                message,
            });
        }
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

/// Line of a byte position, counted by reading the file again: only an error pays for it.
fn line_at(path: &Path, position: u64) -> u64 {
    let Ok(file) = fs::File::open(path) else { return 0 };
    let mut rest = BufReader::new(file.take(position));
    let mut line = 1;
    loop {
        let (used, breaks) = match rest.fill_buf() {
            Ok([]) | Err(_) => return line,
            Ok(bytes) => (bytes.len(), bytes.iter().filter(|byte| **byte == b'\n').count()),
        };
        rest.consume(used);
        line += breaks as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, files, stream};

    fn message(text: &[u8]) -> String {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.xml");
        std::fs::write(&path, text).expect("file");
        match stream(&path, |_| Ok(())) {
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
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.xml");
        std::fs::write(&path, "<a>Smith &amp; &#83;on<![CDATA[ <Ltd>]]></a>").expect("file");
        let mut all = String::new();
        stream(&path, |piece| {
            if let Piece::Text(text) = piece {
                all.push_str(text);
            }
            Ok(())
        })
        .expect("readable");
        assert_eq!(all, "Smith & Son <Ltd>");
    }

    #[test]
    fn a_folder_without_xml_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(files(folder.path()).expect_err("empty").to_string().contains("no .xml file"));
    }
}
