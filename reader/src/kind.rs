//! What kind of file some bytes are, judged from the bytes alone.
//!
//! Names and declared types come from strangers and are not asked. Besides the four kinds that can be read, the common
//! kinds that people send by mistake are told apart, so that the refusal can say what to do about this very file.

use crate::model::Finding;

/// How far into a file a PDF header may stand; readers accept that many other bytes before it.
const HEADER_WINDOW: usize = 1024;

/// Media type of a document, from its first kilobyte.
pub fn media_type(head: &[u8]) -> &'static str {
    let window = head.get(..HEADER_WINDOW.min(head.len())).unwrap_or_default();
    match head {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "image/tiff",
        [b'P', b'K', 3 | 5 | 7, 4 | 6 | 8, ..] => "application/zip",
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => "application/x-ole-storage",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'B', b'M', ..] if head.len() >= 26 && !is_text(window) => "image/bmp",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "image/heic",
        _ if window.windows(5).any(|part| part == b"%PDF-") => "application/pdf",
        [b'{', b'\\', b'r', b't', b'f', ..] => "application/rtf",
        _ => text_type(window),
    }
}

fn text_type(window: &[u8]) -> &'static str {
    let marked = window.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(window).trim_ascii_start();
    let start: Vec<u8> = marked.iter().take(64).map(u8::to_ascii_lowercase).collect();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        "text/html"
    } else if start.starts_with(b"<?xml") {
        "text/xml"
    } else if is_text(window) && !window.is_empty() {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

fn is_text(window: &[u8]) -> bool {
    window.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x20..=0x7E | 0x80..))
}

/// The refusal of a kind that is no document.
pub(crate) fn refusal(kind: &str) -> Finding {
    let text = match kind {
        "application/zip" => {
            "this is a ZIP or Office file, not a document; unpack it, or open it and save it as PDF"
        }
        "application/x-ole-storage" => {
            "this is an old Office file or a saved e-mail; open it and save it (or the attachment in it) as PDF"
        }
        "application/rtf" => "this is a text processor's file (RTF); open it and save it as PDF",
        "text/html" | "text/xml" => {
            "this is a web page or XML, not a document; open it in a browser and print it to PDF"
        }
        "text/plain" => {
            "this is plain text, which carries no signature; get the certificate as PDF or picture"
        }
        "image/gif" | "image/bmp" | "image/webp" | "image/heic" => {
            "this is a picture in a format that is not read; save it as PNG or JPEG"
        }
        _ => {
            "this is neither a PDF nor a PNG, JPEG or TIFF picture; get the document in one of these formats"
        }
    };
    Finding::Unreadable(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn kinds_are_told_from_the_bytes() {
        let late = [vec![b'x'; 900], b"%PDF-1.4".to_vec()].concat();
        let too_late = [vec![b'x'; 1100], b"%PDF-1.4".to_vec()].concat();
        for (bytes, kind) in [
            (&b"%PDF-1.7\n"[..], "application/pdf"),
            (&late, "application/pdf"),
            (&too_late, "text/plain"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"\xFF\xD8\xFF\xE0", "image/jpeg"),
            (b"II*\0\x08\0\0\0", "image/tiff"),
            (b"MM\0*\0\0\0\x08", "image/tiff"),
            (b"PK\x03\x04", "application/zip"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"),
            (b"\xEF\xBB\xBF <!DOCTYPE HTML><p>", "text/html"),
            (b"<?xml version='1.0'?>", "text/xml"),
            (b"Dear Sir", "text/plain"),
            (b"BM is how this letter starts, and so on", "text/plain"),
            (b"{\\rtf1", "application/rtf"),
            (b"\0\0\0\x18ftypheic", "image/heic"),
            (b"\0\x01\x02", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(media_type(bytes), kind, "{bytes:?}");
        }
    }
}
