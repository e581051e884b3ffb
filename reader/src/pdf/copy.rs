//! Writes some pages of a PDF into a new one that nobody can fill in any more.
//!
//! Only what pages draw is copied: their content and what it refers to, object by object. Everything that acts (forms,
//! scripts, actions, attachments, links) hangs on other branches of the file and stays behind, and where a hostile file
//! hangs such a thing onto a drawing, it is replaced by nothing. Annotations and fields carry a drawing of what they
//! show; it is placed on the page where viewers show it. Nothing is redrawn from values, because that would be our
//! rendering of what somebody signed; so a field that has a value but no drawing stops the copy, and the text says what
//! to do.

use std::{collections::HashMap, io::Write as _};

use hayro::hayro_syntax::{
    content::{TypedIter, ops::TypedInstruction},
    object::{Dict, MaybeRef, ObjRef, Object, Stream},
    page::{Page, Rotation},
};
use pdf_writer::{Chunk, Finish as _, Name, Null, Obj, Pdf, Rect, Ref, Str};

use super::{Opened, broken, fields, no_such_page, object};
use crate::model::Finding;

/// Deepest nesting of arrays and dictionaries that is copied.
const MAX_DEPTH: usize = 60;
/// Most objects of a copy.
const MAX_OBJECTS: usize = 200_000;
/// Entries that say nothing about how a page looks.
const LEFT_OUT: [&str; 9] = [
    "Metadata",
    "PieceInfo",
    "StructParent",
    "StructParents",
    "LastModified",
    "OPI",
    "Length",
    "JavaScript",
    "EmbeddedFiles",
];
/// Kinds of objects that no drawing needs.
const FOREIGN: [&str; 12] = [
    "Catalog",
    "Pages",
    "Page",
    "Annot",
    "Action",
    "Filespec",
    "F",
    "EmbeddedFile",
    "XRef",
    "ObjStm",
    "Sig",
    "StructTreeRoot",
];

/// A PDF of `count` pages from `first` on.
pub(crate) fn pages(opened: &Opened, first: usize, count: usize) -> Result<Vec<u8>, Finding> {
    let all = opened.pdf.pages().len();
    let end = first.checked_add(count).filter(|end| *end <= all && count > 0);
    let end = end.ok_or_else(|| no_such_page(first.saturating_add(count).saturating_sub(1), all))?;
    let mut copy =
        Copy { opened, next: Ref::new(1), known: HashMap::new(), open: Vec::new(), chunk: Chunk::new() };
    let (catalog, tree) = (copy.next.bump(), copy.next.bump());
    let mut kids = Vec::new();
    for number in first..end {
        kids.push(copy.page(number, tree)?);
    }
    let layers = opened.catalog().get::<Dict<'_>>("OCProperties");
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree);
    if let Some(layers) = &layers {
        // Which layers are off is part of how pages look.
        copy.write(root.insert(Name(b"OCProperties")), &Object::Dict(layers.clone()), 0);
    }
    root.finish();
    copy.reachable()?;
    let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(kids).count(count);
    pdf.extend(&copy.chunk);
    Ok(pdf.finish())
}

struct Copy<'o> {
    opened: &'o Opened,
    next: Ref,
    /// Objects that have a number in the copy.
    known: HashMap<(u32, i32), Ref>,
    /// Those that are still to be copied.
    open: Vec<(ObjRef, Ref)>,
    chunk: Chunk,
}

/// A drawing to place on a page.
struct Stamp {
    drawing: Ref,
    place: [f32; 6],
}

impl<'o> Copy<'o> {
    fn page(&mut self, number: usize, tree: Ref) -> Result<Ref, Finding> {
        let opened = self.opened;
        let page = opened.page(number)?;
        let mut stamps = Vec::new();
        for annotation in object::annotations(page.raw()) {
            stamps.extend(self.stamp(&annotation, number)?);
        }
        let (content_id, page_id) = (self.next.bump(), self.next.bump());
        let names = free_names(page, stamps.len());
        let content = content(page, &stamps, &names);
        let packed = deflated(&content).map_err(|error| broken(&error))?;
        self.chunk.stream(content_id, &packed).filter(pdf_writer::Filter::FlateDecode);

        let mut chunk = Chunk::new();
        let mut written = chunk.page(page_id);
        let area = page.intersected_crop_box();
        let (width, height) = page.base_dimensions();
        written.parent(tree).contents(content_id).media_box(Rect::new(
            area.x0 as f32,
            area.y0 as f32,
            area.x0 as f32 + width,
            area.y0 as f32 + height,
        ));
        written.rotate(match page.rotation() {
            Rotation::None => 0,
            Rotation::Horizontal => 90,
            Rotation::Flipped => 180,
            Rotation::FlippedHorizontal => 270,
        });
        if let Some(group) = page.raw().get::<Dict<'_>>("Group") {
            self.write(written.insert(Name(b"Group")), &Object::Dict(group), 0);
        }
        let from = page.resources();
        let mut resources = written.insert(Name(b"Resources")).dict();
        for (key, dict) in [
            ("ExtGState", &from.ext_g_states),
            ("Font", &from.fonts),
            ("Properties", &from.properties),
            ("ColorSpace", &from.color_spaces),
            ("Pattern", &from.patterns),
            ("Shading", &from.shadings),
        ] {
            if !dict.is_empty() {
                self.write(resources.insert(Name(key.as_bytes())), &Object::Dict(dict.clone()), 0);
            }
        }
        let mut drawings = resources.insert(Name(b"XObject")).dict();
        for (name, value) in from.x_objects.entries() {
            self.write_entry(drawings.insert(Name(&name)), value, 0);
        }
        for (name, stamp) in names.iter().zip(&stamps) {
            drawings.pair(Name(name.as_bytes()), stamp.drawing);
        }
        drawings.finish();
        resources.finish();
        written.finish();
        self.chunk.extend(&chunk);
        Ok(page_id)
    }

    fn stamp(&mut self, annotation: &Dict<'o>, number: usize) -> Result<Option<Stamp>, Finding> {
        let Some(drawing) = object::appearance(annotation) else {
            // An empty field has nothing to show, and some programs leave its drawing out.
            if !object::is_widget(annotation) || fields::value(annotation).is_none() {
                return Ok(None);
            }
            let name: String = fields::full_name(annotation).chars().take(80).collect();
            return Err(Finding::Unreadable(format!(
                "the form field \"{name}\" on page {} has a value but no drawing of it; open the PDF, print it to a new \
                 PDF, and put that in its place",
                number + 1
            )));
        };
        let area = object::rectangle(annotation, "Rect");
        let (Some(area), Some(frame)) = (area, object::rectangle(drawing.dict(), "BBox")) else {
            return Ok(None);
        };
        let matrix = object::numbers(drawing.dict(), "Matrix").unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let Some(place) = fit(frame, matrix, area) else { return Ok(None) };
        let id = drawing.obj_id();
        let drawing = self.number(id.into());
        Ok(Some(Stamp { drawing, place }))
    }

    /// The number of an object in the copy.
    fn number(&mut self, from: ObjRef) -> Ref {
        if let Some(known) = self.known.get(&(from.obj_number, from.gen_number)) {
            return *known;
        }
        let to = self.next.bump();
        self.known.insert((from.obj_number, from.gen_number), to);
        self.open.push((from, to));
        to
    }

    /// Copies everything that was referred to, and what that refers to.
    fn reachable(&mut self) -> Result<(), Finding> {
        while let Some((from, to)) = self.open.pop() {
            if self.known.len() > MAX_OBJECTS {
                return Err(Finding::TooLarge(
                    "its pages consist of more objects than any form has; print it to a new PDF".to_owned(),
                ));
            }
            let mut chunk = Chunk::new();
            match self.opened.pdf.xref().get::<Object<'_>>(from.into()) {
                Some(Object::Stream(stream)) if !is_foreign(stream.dict()) => {
                    self.stream(&mut chunk, to, &stream)
                }
                Some(Object::Stream(_)) | None => chunk.indirect(to).primitive(Null),
                Some(other) => self.write(chunk.indirect(to), &other, 0),
            }
            self.chunk.extend(&chunk);
        }
        Ok(())
    }

    fn stream(&mut self, chunk: &mut Chunk, to: Ref, stream: &Stream<'_>) {
        // Decrypted if the file is encrypted, otherwise as it is packed.
        let data = stream.raw_data();
        let is_form = object::name(stream.dict(), "Subtype").as_deref() == Some("Form")
            || stream.dict().contains_key("BBox") && !stream.dict().contains_key("PatternType");
        let mut written = chunk.stream(to, &data);
        for (name, value) in stream.dict().entries() {
            // Data in other files is not drawn; types are written below.
            let key = name.as_str();
            if LEFT_OUT.contains(&key) || matches!(key, "F" | "FFilter" | "FDecodeParms") {
                continue;
            }
            if is_form && matches!(key, "Type" | "Subtype") {
                continue;
            }
            self.write_entry(written.insert(Name(&name)), value, 0);
        }
        if is_form {
            // Viewers draw it as part of the page only if it says what it is.
            written.pair(Name(b"Type"), Name(b"XObject"));
            written.pair(Name(b"Subtype"), Name(b"Form"));
        }
    }

    fn write_entry(&mut self, to: Obj<'_>, value: MaybeRef<Object<'_>>, depth: usize) {
        match value {
            MaybeRef::Ref(reference) => {
                let number = self.number(reference);
                to.primitive(number);
            }
            MaybeRef::NotRef(object) => self.write(to, &object, depth),
        }
    }

    fn write(&mut self, to: Obj<'_>, object: &Object<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            to.primitive(Null);
            return;
        }
        match object {
            Object::Null(_) | Object::Stream(_) => to.primitive(Null),
            Object::Boolean(value) => to.primitive(*value),
            Object::Number(number) => {
                let value = number.as_f64();
                if value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX) {
                    to.primitive(value as i32);
                } else {
                    to.primitive(if value.is_finite() { value as f32 } else { 0.0 });
                }
            }
            Object::String(text) => to.primitive(Str(text.as_bytes())),
            Object::Name(name) => to.primitive(Name(name)),
            Object::Array(items) => {
                let mut array = to.array();
                for item in items.raw_iter() {
                    self.write_entry(array.push(), item, depth + 1);
                }
            }
            Object::Dict(dict) if is_foreign(dict) => to.primitive(Null),
            Object::Dict(dict) => {
                let mut written = to.dict();
                for (name, value) in dict.entries() {
                    if !LEFT_OUT.contains(&name.as_str()) {
                        self.write_entry(written.insert(Name(&name)), value, depth + 1);
                    }
                }
            }
        }
    }
}

/// Whether a dictionary is something that no drawing needs: a part of the file's structure, or an action.
fn is_foreign(dict: &Dict<'_>) -> bool {
    let foreign = object::name(dict, "Type").is_some_and(|kind| FOREIGN.contains(&kind.as_str()));
    let action = matches!(
        object::name(dict, "S").as_deref(),
        Some("JavaScript" | "Launch" | "URI" | "SubmitForm" | "ImportData" | "GoToR" | "GoToE" | "Rendition")
    );
    foreign || action || dict.contains_key("JS") && dict.contains_key("S") || dict.contains_key("EF")
}

/// Names for drawings that the page does not use yet.
fn free_names(page: &Page<'_>, count: usize) -> Vec<String> {
    let mut prefix = "Shown".to_owned();
    let used = |prefix: &str| page.resources().x_objects.keys().any(|name| name.as_str().starts_with(prefix));
    while used(&prefix) {
        prefix.push('x');
    }
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

/// The page's content, and after it the drawings, untouched by whatever state the page leaves behind.
fn content(page: &Page<'_>, stamps: &[Stamp], names: &[String]) -> Vec<u8> {
    let own = page.page_stream().unwrap_or_default();
    let (mut saved, mut lowest) = (0_i64, 0_i64);
    let mut operations = TypedIter::new(own);
    while let Some(operation) = operations.next() {
        match operation {
            TypedInstruction::SaveState(_) => saved += 1,
            TypedInstruction::RestoreState(_) => saved -= 1,
            _ => {}
        }
        lowest = lowest.min(saved);
    }
    let repeated = |what: &str, count: i64| what.repeat(usize::try_from(count).unwrap_or(0));
    let mut content = repeated("q ", 1 - lowest).into_bytes();
    content.push(b'\n');
    content.extend_from_slice(own);
    content.extend_from_slice(format!("\n{}\n", repeated("Q ", 1 - lowest + saved)).as_bytes());
    for (stamp, name) in stamps.iter().zip(names) {
        let place = stamp.place.map(|number| format!("{number:.4}")).join(" ");
        content.extend_from_slice(format!("q {place} cm /{name} Do Q\n").as_bytes());
    }
    content
}

/// Packs bytes as PDF's usual filter wants them.
pub(crate) fn deflated(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(data).and_then(|()| packed.finish()).map_err(|error| error.to_string())
}

/// Scales and moves the frame of a drawing, turned by its own matrix, onto an area. None where there is no area.
fn fit(frame: [f32; 4], matrix: [f32; 6], area: [f32; 4]) -> Option<[f32; 6]> {
    let [left, bottom, right, top] = frame;
    let [a, b, c, d, e, f] = matrix;
    let corners = [(left, bottom), (right, bottom), (left, top), (right, top)]
        .map(|(x, y)| (a * x + c * y + e, b * x + d * y + f));
    let low = corners.iter().fold((f32::MAX, f32::MAX), |low, (x, y)| (low.0.min(*x), low.1.min(*y)));
    let high = corners.iter().fold((f32::MIN, f32::MIN), |high, (x, y)| (high.0.max(*x), high.1.max(*y)));
    let (width, height) = (high.0 - low.0, high.1 - low.1);
    if !(width > 0.0 && height > 0.0) {
        return None;
    }
    let [area_left, area_bottom, area_right, area_top] = area;
    let (x, y) = ((area_right - area_left) / width, (area_top - area_bottom) / height);
    let place = [x, 0.0, 0.0, y, area_left - low.0 * x, area_bottom - low.1 * y];
    place.iter().all(|number| number.is_finite()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_drawing_is_scaled_and_moved_onto_its_field() {
        let plain = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(
            fit([0.0, 0.0, 10.0, 5.0], plain, [100.0, 200.0, 120.0, 205.0]),
            Some([2.0, 0.0, 0.0, 1.0, 100.0, 200.0])
        );
        // Turned by a quarter, the frame reaches from -5 to 0 and from 0 to 10.
        let turned = [0.0, 1.0, -1.0, 0.0, 0.0, 0.0];
        assert_eq!(
            fit([0.0, 0.0, 10.0, 5.0], turned, [0.0, 0.0, 5.0, 10.0]),
            Some([1.0, 0.0, 0.0, 1.0, 5.0, 0.0])
        );
        assert_eq!(fit([0.0; 4], plain, [0.0, 0.0, 5.0, 5.0]), None);
    }
}
