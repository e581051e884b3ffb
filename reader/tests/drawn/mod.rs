//! PDF files drawn for tests, page by page.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

/// A document that grows page by page.
pub(crate) struct Made {
    pub(crate) document: Document,
    pages: ObjectId,
    kids: Vec<Object>,
    fields: Vec<Object>,
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
        Self { document, pages, kids: Vec::new(), fields: Vec::new(), resources }
    }

    /// Adds a page of 600 by 800 points; `more` may override its entries.
    pub(crate) fn page(&mut self, content: &str, more: Dictionary) -> ObjectId {
        let content = self.document.add_object(Stream::new(dictionary! {}, content.as_bytes().to_vec()));
        let mut page = dictionary! {
            "Type" => "Page", "Parent" => self.pages, "Contents" => content,
            "MediaBox" => vec![0.into(), 0.into(), 600.into(), 800.into()], "Resources" => self.resources.clone(),
        };
        override_with(&mut page, more);
        let id = self.document.add_object(page);
        self.kids.push(id.into());
        id
    }

    /// Puts an object under a name into the resources of pages added from now on.
    pub(crate) fn xobject(&mut self, name: &str, id: ObjectId) {
        let mut all = self.resources.get(b"XObject").and_then(Object::as_dict).cloned().unwrap_or_default();
        all.set(name, id);
        self.resources.set("XObject", all);
    }

    /// A drawing that shows a text.
    pub(crate) fn drawing(&mut self, text: &str, width: i64, height: i64) -> ObjectId {
        let content = format!("BT /Helv 10 Tf 2 3 Td ({text}) Tj ET");
        let resources = self.resources.clone();
        self.document.add_object(Stream::new(
            dictionary! {
                "Type" => "XObject", "Subtype" => "Form", "Resources" => resources,
                "BBox" => vec![0.into(), 0.into(), width.into(), height.into()],
            },
            content.into_bytes(),
        ))
    }

    /// Adds a form field with one widget on a page.
    pub(crate) fn field(&mut self, page: ObjectId, field: Dictionary) -> ObjectId {
        let mut widget = dictionary! {
            "Type" => "Annot", "Subtype" => "Widget",
            "Rect" => vec![100.into(), 600.into(), 300.into(), 620.into()],
        };
        override_with(&mut widget, field);
        let id = self.document.add_object(widget);
        self.fields.push(id.into());
        self.show(page, id);
        id
    }

    /// Adds a field that is no widget itself.
    pub(crate) fn parent(&mut self, field: Dictionary) -> ObjectId {
        let id = self.document.add_object(field);
        self.fields.push(id.into());
        id
    }

    /// Puts an annotation onto a page.
    pub(crate) fn show(&mut self, page: ObjectId, annotation: ObjectId) {
        let page = self.document.get_dictionary_mut(page).expect("page");
        let mut all = page.get(b"Annots").and_then(Object::as_array).cloned().unwrap_or_default();
        all.push(annotation.into());
        page.set("Annots", all);
    }

    /// The file.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        let count = self.kids.len() as i64;
        let pages = dictionary! { "Type" => "Pages", "Kids" => self.kids, "Count" => count };
        self.document.set_object(self.pages, pages);
        let mut catalog = dictionary! { "Type" => "Catalog", "Pages" => self.pages };
        if !self.fields.is_empty() {
            catalog.set("AcroForm", dictionary! { "Fields" => self.fields });
        }
        let catalog = self.document.add_object(catalog);
        self.document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        self.document.save_to(&mut bytes).expect("saved");
        bytes
    }
}

/// The library's own `extend` joins arrays; a test wants its entries instead of the usual ones.
fn override_with(dictionary: &mut Dictionary, entries: Dictionary) {
    for (name, value) in entries {
        dictionary.set(name, value);
    }
}

/// One page with these words, each at its place.
pub(crate) fn text(words: &[(&str, i32, i32)]) -> Vec<u8> {
    let mut made = Made::new();
    let content: String =
        words.iter().map(|(w, x, y)| format!("BT /Helv 10 Tf {x} {y} Td ({w}) Tj ET\n")).collect();
    made.page(&content, dictionary! {});
    made.bytes()
}
