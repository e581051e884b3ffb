//! Draws the fields of a fillable PDF onto its pages.
//!
//! AvaTax wants documents that nobody can fill in any more. Each widget already carries an appearance: a small drawing
//! of its value. That drawing is placed on the page exactly where viewers show it, then widgets and form are removed.
//! Nothing is redrawn from values, because that would be our rendering of what somebody signed; so a field that has a
//! value but no drawing cannot be flattened here, and the error says what to do.

use bytes::Bytes;
use lopdf::{Dictionary, Document, Object, ObjectId, dictionary};

use super::pdf;
use crate::model::documents::DocumentError;

/// The annotation flags "invisible", "hidden" and "no view".
const NOT_SHOWN: i64 = 1 | 2 | 32;
/// Most widgets of a page.
const MAX_WIDGETS: usize = 5000;

/// Returns the document without a form; one that has none is returned as it is.
pub(super) fn flatten(bytes: Bytes) -> Result<Bytes, DocumentError> {
    let unsupported = |error: pdf::PdfError| DocumentError::Unsupported(error.to_string());
    let mut document = pdf::load(&bytes).map_err(unsupported)?;
    if !document.catalog().is_ok_and(|catalog| catalog.has(b"AcroForm")) {
        return Ok(bytes);
    }
    let pages: Vec<ObjectId> = document.page_iter().collect();
    for (number, page) in pages.into_iter().enumerate() {
        flatten_page(&mut document, page, number + 1)?;
    }
    if let Ok(catalog) = document.catalog_mut() {
        catalog.remove(b"AcroForm");
    }
    document.prune_objects();
    let mut flat = Vec::new();
    document.save_to(&mut flat).map_err(|error| broken(&error.to_string()))?;
    Ok(flat.into())
}

/// A drawing to place: its object, and where it goes.
struct Stamp {
    drawing: ObjectId,
    place: [f32; 6],
}

fn flatten_page(document: &mut Document, page_id: ObjectId, number: usize) -> Result<(), DocumentError> {
    let page = document.get_dictionary(page_id).map_err(|error| broken(&error.to_string()))?;
    let annotations = match pdf::entry(document, page, b"Annots") {
        Some(Object::Array(all)) => all.clone(),
        _ => return Ok(()),
    };
    let mut kept = Vec::new();
    let mut stamps = Vec::new();
    for annotation in annotations {
        let found = pdf::resolve(document, &annotation).and_then(|object| object.as_dict().ok());
        let Some(widget) = found.filter(|found| is_widget(found)) else {
            kept.push(annotation);
            continue;
        };
        stamps.extend(stamp(document, widget, number)?);
        if stamps.len() > MAX_WIDGETS {
            return Err(broken("a page has more form fields than any form needs"));
        }
    }
    draw(document, page_id, stamps)?;
    let page = document.get_dictionary_mut(page_id).map_err(|error| broken(&error.to_string()))?;
    if kept.is_empty() {
        page.remove(b"Annots");
    } else {
        page.set("Annots", Object::Array(kept));
    }
    Ok(())
}

fn is_widget(annotation: &Dictionary) -> bool {
    annotation.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Widget")
}

fn stamp(document: &Document, widget: &Dictionary, page: usize) -> Result<Option<Stamp>, DocumentError> {
    let flags = pdf::entry(document, widget, b"F").and_then(|flags| flags.as_i64().ok()).unwrap_or(0);
    if flags & NOT_SHOWN != 0 {
        return Ok(None);
    }
    let Some(drawing) = appearance(document, widget) else {
        // An empty field has nothing to show, and some programs leave its drawing out.
        return match pdf::value(document, widget) {
            None => Ok(None),
            Some(_) => {
                let name = pdf::inherited(document, widget, b"T").and_then(pdf::text).unwrap_or_default();
                let name: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
                Err(DocumentError::Unsupported(format!(
                    "the form field \"{name}\" on page {page} has a value but no drawing of it; open the PDF, print it \
                     to a new PDF, and put that in its place"
                )))
            }
        };
    };
    let form = document
        .get_object(drawing)
        .and_then(Object::as_stream)
        .map_err(|_| broken("the drawing of a form field is missing"))?;
    let (Some(area), Some(frame)) = (
        pdf::rectangle(document, pdf::entry(document, widget, b"Rect")),
        pdf::rectangle(document, pdf::entry(document, &form.dict, b"BBox")),
    ) else {
        return Err(broken("a form field has no place on its page"));
    };
    let matrix = pdf::numbers(document, pdf::entry(document, &form.dict, b"Matrix"));
    let place = fit(frame, matrix.unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), area);
    Ok(place.map(|place| Stamp { drawing, place }))
}

/// The object with the drawing a viewer shows: the normal appearance, or that of the state the field is in.
fn appearance(document: &Document, widget: &Dictionary) -> Option<ObjectId> {
    let normal = pdf::entry(document, widget, b"AP")?.as_dict().ok()?.get(b"N").ok()?;
    let is_stream =
        |object: &Object| pdf::resolve(document, object).is_some_and(|object| object.as_stream().is_ok());
    if is_stream(normal) {
        return normal.as_reference().ok();
    }
    let states = pdf::resolve(document, normal)?.as_dict().ok()?;
    let state = pdf::entry(document, widget, b"AS")?.as_name().ok()?;
    states.get(state).ok().filter(|object| is_stream(object))?.as_reference().ok()
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
    let (x, y) = ((area[2] - area[0]) / width, (area[3] - area[1]) / height);
    let place = [x, 0.0, 0.0, y, area[0] - low.0 * x, area[1] - low.1 * y];
    place.iter().all(|number| number.is_finite()).then_some(place)
}

/// Adds the drawings after what is on the page already, untouched by whatever state that leaves behind.
fn draw(document: &mut Document, page_id: ObjectId, stamps: Vec<Stamp>) -> Result<(), DocumentError> {
    if stamps.is_empty() {
        return Ok(());
    }
    let fail = |error: lopdf::Error| broken(&error.to_string());
    let page = document.get_dictionary(page_id).map_err(fail)?;
    let mut contents = match pdf::entry(document, page, b"Contents") {
        Some(Object::Array(parts)) => parts.clone(),
        Some(Object::Stream(_)) => page.get(b"Contents").map(|one| vec![one.clone()]).unwrap_or_default(),
        _ => Vec::new(),
    };
    // Resources may be shared with other pages, so the page gets a copy of its own.
    let own = |object: Option<&Object>| {
        object.and_then(|object| object.as_dict().ok()).cloned().unwrap_or_default()
    };
    let mut resources = own(pdf::inherited(document, page, b"Resources"));
    let mut drawings = own(pdf::entry(document, &resources, b"XObject"));
    let mut script = String::from("\nQ\n");
    for (number, stamp) in stamps.into_iter().enumerate() {
        let mut name = format!("Field{number}");
        while drawings.has(name.as_bytes()) {
            name.push('x');
        }
        let place = stamp.place.map(|number| format!("{number:.4}")).join(" ");
        script.push_str(&format!("q {place} cm /{name} Do Q\n"));
        drawings.set(name, Object::Reference(stamp.drawing));
        // Viewers draw it as part of the page only if it says what it is.
        if let Ok(stream) = document.get_object_mut(stamp.drawing).and_then(Object::as_stream_mut) {
            stream.dict.set("Type", Object::Name(b"XObject".to_vec()));
            stream.dict.set("Subtype", Object::Name(b"Form".to_vec()));
        }
    }
    resources.set("XObject", drawings);
    let stream = |text: &str| lopdf::Stream::new(dictionary! {}, text.as_bytes().to_vec());
    let (before, after) = (document.add_object(stream("q\n")), document.add_object(stream(&script)));
    contents.insert(0, before.into());
    contents.push(after.into());
    let page = document.get_dictionary_mut(page_id).map_err(fail)?;
    page.set("Contents", Object::Array(contents));
    page.set("Resources", resources);
    Ok(())
}

fn broken(what: &str) -> DocumentError {
    DocumentError::Unsupported(format!(
        "the PDF is broken, so its form cannot be made part of the page: {what}"
    ))
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
