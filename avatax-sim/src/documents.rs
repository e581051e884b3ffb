//! Documents of certificates as they come in a request.
//!
//! A document is a name, a PDF in base64, or pages as JPEGs in base64. Only its hash, size and number of pages are kept:
//! enough to tell later which file it was. Two kinds of refusal have to be told apart. A request that is wrong in itself
//! is refused before anything is stored; a file that the back end does not take is refused after the record exists,
//! which is what [`Sent::Broken`] stands for.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{ApiError, ApiResult, CONFLICTING_FIELDS, INVALID_PDF_OR_IMAGE, MISSING_REQUIRED_FIELDS};

/// What is kept of a document: enough to tell which one it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) sha256: String,
    pub(crate) size: usize,
    pub(crate) pages: usize,
}

impl Document {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sha256, size: parts.iter().map(|part| part.len()).sum(), pages: parts.len() }
    }
}

/// What came as the document of a new certificate.
pub(crate) enum Sent {
    NameOnly,
    Good(Document),
    /// Field and reason: the record is stored, the answer is an error.
    Broken(&'static str, &'static str),
}

/// Base64 in either alphabet, padded or not: which one the service wants is not documented.
fn decode(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text: String = text
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(text).ok()
}

/// Whether a PDF can still be filled in. The back end takes only flat ones.
fn is_fillable(pdf: &[u8]) -> bool {
    const MARK: &[u8] = b"/AcroForm";
    pdf.windows(MARK.len()).any(|window| window == MARK)
}

/// Takes the one document among the three fields it can come in.
pub(crate) fn read(
    filename: Option<&str>,
    pdf: Option<&str>,
    pages: Option<&[Option<String>]>,
) -> ApiResult<Sent> {
    let given = [filename.is_some(), pdf.is_some(), pages.is_some()];
    match given.iter().filter(|given| **given).count() {
        0 => {
            return Err(ApiError::bad(
                MISSING_REQUIRED_FIELDS,
                "The document is missing.",
                "A certificate needs one of filename, pdf and pages.",
            ));
        }
        1 => {}
        _ => {
            return Err(ApiError::bad(
                CONFLICTING_FIELDS,
                "There are too many documents.",
                "A certificate takes one of filename, pdf and pages, not several.",
            ));
        }
    }
    let empty =
        || ApiError::bad(INVALID_PDF_OR_IMAGE, "The document is empty.", "pdf or pages has no content.");
    if filename.is_some_and(|name| name.trim().is_empty()) {
        return Err(ApiError::required("filename"));
    }
    if let Some(pdf) = pdf {
        if pdf.is_empty() {
            return Err(empty());
        }
        return Ok(match decode(pdf) {
            Some(bytes) if !bytes.starts_with(b"%PDF") => Sent::Broken("pdf", "The file is not a PDF."),
            Some(bytes) if is_fillable(&bytes) => Sent::Broken("pdf", "The PDF can still be filled in."),
            Some(bytes) => Sent::Good(Document::new(&[&bytes])),
            None => Sent::Broken("pdf", "The file is not a PDF in base64."),
        });
    }
    if let Some(pages) = pages {
        let pages: Vec<&str> =
            pages.iter().filter_map(Option::as_deref).filter(|page| !page.is_empty()).collect();
        if pages.is_empty() {
            return Err(empty());
        }
        let decoded: Option<Vec<Vec<u8>>> = pages.into_iter().map(decode).collect();
        return Ok(match decoded {
            Some(pages) if pages.iter().all(|page| page.starts_with(&[0xff, 0xd8, 0xff])) => {
                Sent::Good(Document::new(&pages.iter().map(Vec::as_slice).collect::<Vec<_>>()))
            }
            _ => Sent::Broken("pages", "A page is not a JPEG in base64."),
        });
    }
    Ok(Sent::NameOnly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_base64_are_taken() {
        for text in ["+/8=", "-_8=", "+/8", "-_8"] {
            assert_eq!(decode(text).unwrap(), [0xfb, 0xff], "{text}");
        }
        assert_eq!(decode("not base64!"), None);
    }
}
