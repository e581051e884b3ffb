//! Reduces a page to nothing but its text.
//!
//! The library that knows fonts stops at many things real pages contain (pictures, unusual colours, forms within forms)
//! and has no limit. So every page is rewritten first: only the operators that place and show text stay, nested forms
//! are put in line where they are drawn, operands are checked, and the whole is counted. What comes out is a page that
//! shows the same words at the same places.

use lopdf::{
    Dictionary, Document, Object,
    content::{Content, Operation},
};

use crate::documents::pdf::{self, PdfError};

/// Deepest nesting of forms.
const MAX_FORMS: usize = 12;
/// Deepest nesting of saved graphics states.
const MAX_SAVED: usize = 256;
/// Most operations of a page, nested forms counted each time they are drawn.
const MAX_OPERATIONS: usize = 400_000;

/// What is left of a page.
pub(super) struct PageText {
    /// Text operations only.
    pub(super) operations: Vec<Operation>,
    /// The fonts they name.
    pub(super) fonts: Dictionary,
    /// Whether the page shows a picture.
    pub(super) pictures: bool,
    /// Whether any operation shows text.
    pub(super) shows_text: bool,
    seen: usize,
}

/// Reduces a page.
pub(super) fn reduce(document: &Document, page: &Dictionary, content: &[u8]) -> Result<PageText, PdfError> {
    let mut text = PageText {
        operations: Vec::new(),
        fonts: Dictionary::new(),
        pictures: false,
        shows_text: false,
        seen: 0,
    };
    let none = Dictionary::new();
    let resources =
        pdf::inherited(document, page, b"Resources").and_then(|found| found.as_dict().ok()).unwrap_or(&none);
    text.take(document, content, resources, 0)?;
    Ok(text)
}

impl PageText {
    fn take(
        &mut self,
        document: &Document,
        content: &[u8],
        resources: &Dictionary,
        depth: usize,
    ) -> Result<(), PdfError> {
        let content = Content::decode(content).map_err(|error| PdfError::Broken(error.to_string()))?;
        let mut font_set = false;
        let mut saved = Vec::new();
        for operation in content.operations {
            self.seen += 1;
            if self.seen > MAX_OPERATIONS {
                return Err(PdfError::Broken(format!("a page has more than {MAX_OPERATIONS} drawing steps")));
            }
            match operation.operator.as_str() {
                "q" if saved.len() < MAX_SAVED => {
                    saved.push(font_set);
                    self.push("q", Vec::new());
                }
                "Q" => {
                    if let Some(before) = saved.pop() {
                        font_set = before;
                        self.push("Q", Vec::new());
                    }
                }
                "cm" | "Tm" if are_numbers(&operation, 6) => self.operations.push(operation),
                "Td" | "TD" if are_numbers(&operation, 2) => self.operations.push(operation),
                "Tc" | "Tw" | "Tz" | "TL" | "Ts" if are_numbers(&operation, 1) => {
                    self.operations.push(operation)
                }
                "BT" | "ET" | "T*" => self.push(&operation.operator, Vec::new()),
                "Tf" => font_set = self.font(document, resources, &operation),
                "Tj" if font_set => self.show(operation.operands.into_iter().next()),
                "'" if font_set => {
                    self.push("T*", Vec::new());
                    self.show(operation.operands.into_iter().next());
                }
                "\"" if font_set => {
                    let mut operands = operation.operands.into_iter();
                    for operator in ["Tw", "Tc"] {
                        if let Some(spacing) = operands.next().filter(|spacing| spacing.as_float().is_ok()) {
                            self.push(operator, vec![spacing]);
                        }
                    }
                    self.push("T*", Vec::new());
                    self.show(operands.next());
                }
                "TJ" if font_set => {
                    if let Some(Object::Array(parts)) = operation.operands.into_iter().next() {
                        let usable = |part: &Object| {
                            matches!(part, Object::String(..) | Object::Integer(_) | Object::Real(_))
                        };
                        let parts: Vec<_> = parts.into_iter().filter(usable).collect();
                        self.shows_text |= parts.iter().any(|part| matches!(part, Object::String(..)));
                        self.push("TJ", vec![Object::Array(parts)]);
                    }
                }
                "BI" => self.pictures = true,
                "Do" => self.object(document, resources, &operation, depth)?,
                _ => {}
            }
        }
        for _ in saved {
            self.push("Q", Vec::new());
        }
        Ok(())
    }

    fn push(&mut self, operator: &str, operands: Vec<Object>) {
        self.operations.push(Operation::new(operator, operands));
    }

    fn show(&mut self, text: Option<Object>) {
        if let Some(text @ Object::String(..)) = text {
            self.shows_text = true;
            self.push("Tj", vec![text]);
        }
    }

    /// Selects a font under a name of its own, because forms name theirs as they like. Answers whether there is one.
    fn font(&mut self, document: &Document, resources: &Dictionary, operation: &Operation) -> bool {
        let [name, size] = operation.operands.as_slice() else { return false };
        let fonts = pdf::entry(document, resources, b"Font").and_then(|fonts| fonts.as_dict().ok());
        let font = name.as_name().ok().and_then(|name| fonts?.get(name).ok());
        let (Some(font), Ok(_)) = (font, size.as_float()) else { return false };
        if pdf::resolve(document, font).is_none_or(|font| font.as_dict().is_err()) {
            return false;
        }
        let known = self.fonts.iter().find(|(_, other)| *other == font).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = format!("F{}", self.fonts.len()).into_bytes();
            self.fonts.set(name.clone(), font.clone());
            name
        });
        self.push("Tf", vec![Object::Name(name), size.clone()]);
        true
    }

    fn object(
        &mut self,
        document: &Document,
        resources: &Dictionary,
        operation: &Operation,
        depth: usize,
    ) -> Result<(), PdfError> {
        let name = operation.operands.first().and_then(|name| name.as_name().ok());
        let objects = pdf::entry(document, resources, b"XObject").and_then(|objects| objects.as_dict().ok());
        let found = name
            .and_then(|name| pdf::entry(document, objects?, name))
            .and_then(|found| found.as_stream().ok());
        let Some(form) = found else { return Ok(()) };
        match form.dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Image") => self.pictures = true,
            Ok(b"Form") if depth >= MAX_FORMS => {
                return Err(PdfError::Broken(format!("forms are nested more than {MAX_FORMS} deep")));
            }
            Ok(b"Form") => {
                self.push("q", Vec::new());
                if let Some(matrix) = pdf::numbers::<6>(document, pdf::entry(document, &form.dict, b"Matrix"))
                {
                    self.push("cm", matrix.map(Object::Real).to_vec());
                }
                let own = pdf::entry(document, &form.dict, b"Resources").and_then(|own| own.as_dict().ok());
                self.take(document, &pdf::content(form)?, own.unwrap_or(resources), depth + 1)?;
                self.push("Q", Vec::new());
            }
            _ => {}
        }
        Ok(())
    }
}

fn are_numbers(operation: &Operation, count: usize) -> bool {
    let finite = |operand: &Object| operand.as_float().is_ok_and(f32::is_finite);
    operation.operands.len() == count && operation.operands.iter().all(finite)
}
