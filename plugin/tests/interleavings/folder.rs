//! Documents whose words say what a Florida resale certificate says, one for each customer at most.

use ecms_onboarding::model::documents::{Document, DocumentError, DocumentPage, Rendition};
use ecms_onboarding::model::ocr::{OcrError, Reading, Rectangle, TextPage, Word, WordSource};
use ecms_onboarding::plan::sha256_hex;
use ecms_onboarding::ports::{Documents, Ocr};

use crate::world::{World, name, street};

fn bytes(number: usize) -> Vec<u8> {
    format!("document {number}").into_bytes()
}

impl Documents for World {
    fn list(&self, _after: Option<&str>, _limit: u32) -> Result<DocumentPage, DocumentError> {
        let documents = (0..self.documents).map(|number| Document {
            id: number.to_string(),
            name: format!("{number}.pdf"),
            media_type: "application/pdf".to_owned(),
            size: bytes(number).len() as u64,
            sha256: sha256_hex(&bytes(number)),
            customer: None,
        });
        Ok(DocumentPage { documents: documents.collect(), next: None })
    }

    fn read(
        &self,
        id: &str,
        _rendition: Rendition,
        offset: u64,
        _max: u32,
    ) -> Result<Vec<u8>, DocumentError> {
        let number = id.parse().map_err(|_| DocumentError::NotFound)?;
        Ok(if offset == 0 { bytes(number) } else { Vec::new() })
    }
}

impl Ocr for World {
    fn read(&self, document: &str) -> Result<Reading, OcrError> {
        let number: usize = document.parse().map_err(|_| OcrError::NotFound)?;
        let (name, street) = (name(number), street(number));
        let certificate = format!("61-80120767{number:02}-0");
        let rows: [&[(f32, &str)]; 6] = [
            &[(150.0, "2026 Florida Annual Resale Certificate for Sales Tax")],
            &[(54.0, "This Certificate Expires on December 31, 2026")],
            &[(54.0, "Business Name and Location Address"), (330.0, "Certificate Number")],
            &[(54.0, &name), (330.0, &certificate)],
            &[(54.0, &street)],
            &[(54.0, "Tampa, FL 33602")],
        ];
        let mut words = Vec::new();
        for (row, pieces) in (0_u8..).zip(rows) {
            let top = 40.0 + 20.0 * f32::from(row);
            for (left, text) in pieces {
                let mut left = *left;
                for word in text.split_whitespace() {
                    let width = 5.0 * word.len() as f32;
                    let area = Rectangle { left, top, right: left + width, bottom: top + 10.0 };
                    let source = WordSource::TextLayer;
                    words.push(Word { text: word.to_owned(), area, confidence: 1.0, source });
                    left += width + 4.0;
                }
            }
        }
        let page = TextPage { width: 612.0, height: 792.0, words, marks: Vec::new(), turned: 0.0 };
        Ok(Reading { pages: vec![page], fields: Vec::new(), reader: "words by hand".to_owned() })
    }
}
