//! PDF files made for tests.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

/// A document that grows page by page.
pub(crate) struct Made {
    pub(crate) document: Document,
    pages: ObjectId,
    kids: Vec<Object>,
    resources: Dictionary,
}

impl Made {
    pub(crate) fn new() -> Self {
        let mut document = Document::with_version("1.7");
        let pages = document.new_object_id();
        let font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
        });
        let resources = dictionary! { "Font" => dictionary! { "Helv" => font } };
        Self { document, pages, kids: Vec::new(), resources }
    }

    /// Adds a page of 600 by 800 points.
    pub(crate) fn page(&mut self, content: &str) {
        let content = self.document.add_object(Stream::new(dictionary! {}, content.as_bytes().to_vec()));
        let page = dictionary! {
            "Type" => "Page", "Parent" => self.pages, "Contents" => content,
            "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()], "Resources" => self.resources.clone(),
        };
        let id = self.document.add_object(page);
        self.kids.push(id.into());
    }

    /// Puts an object under a name into the resources of pages added from now on.
    pub(crate) fn xobject(&mut self, name: &str, id: ObjectId) {
        let mut all = self.resources.get(b"XObject").and_then(Object::as_dict).cloned().unwrap_or_default();
        all.set(name, id);
        self.resources.set("XObject", all);
    }

    /// The file.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        let count = self.kids.len() as i64;
        let pages = dictionary! { "Type" => "Pages", "Kids" => self.kids, "Count" => count };
        self.document.set_object(self.pages, pages);
        let catalog = dictionary! { "Type" => "Catalog", "Pages" => self.pages };
        let catalog = self.document.add_object(catalog);
        self.document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        self.document.save_to(&mut bytes).expect("saved");
        bytes
    }
}

/// One page with these words, each at its place.
pub(crate) fn text(words: &[(&str, i32, i32)]) -> Vec<u8> {
    let mut made = Made::new();
    let content: String =
        words.iter().map(|(w, x, y)| format!("BT /Helv 10 Tf {x} {y} Td ({w}) Tj ET\n")).collect();
    made.page(&content);
    made.bytes()
}
