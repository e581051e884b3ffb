//! The values of a form's fields, and where each stands.
//!
//! Fields are found through their places on the pages, not through the form's own list: what nobody sees does not count
//! as filled in, and forms whose list is broken still read. Values come from the field, the state of a box from its
//! place.

use hayro::{
    hayro_syntax::{
        object::{Array, Dict, Object},
        page::Page,
    },
    kurbo::{Affine, Point},
};

use super::{Opened, object};
use crate::model::{FormField, Rectangle};

/// Most characters of a name and of a value.
const MAX_NAME: usize = 500;
const MAX_VALUE: usize = 2_000;
/// The field flag "push button".
const PUSH_BUTTON: i32 = 1 << 16;

/// Places of all fields on a page, and the fields among them that have a value.
#[derive(Debug, Default)]
pub(crate) struct PageFields {
    /// Every place, filled in or not.
    pub(crate) places: Vec<Rectangle>,
    pub(crate) fields: Vec<FormField>,
}

/// Reads the fields of a page.
pub(crate) fn of_page(opened: &Opened, page: &Page<'_>, number: usize) -> PageFields {
    let place = Affine::new(page.initial_transform(true).as_coeffs());
    let mut found = PageFields::default();
    for widget in object::annotations(page.raw()).iter().filter(|found| object::is_widget(found)) {
        let area = object::rectangle(widget, "Rect").and_then(|area| upright(place, area));
        found.places.extend(area);
        let Some(value) = value(widget) else { continue };
        if found.fields.len() >= opened.limits.fields {
            break;
        }
        found.fields.push(FormField {
            name: full_name(widget),
            value,
            ticked: is_button(widget),
            page: u32::try_from(number).ok(),
            area,
        });
    }
    found
}

/// The name of a field with those of its parents before it.
pub(crate) fn full_name(widget: &Dict<'_>) -> String {
    let parts = object::parents(widget);
    let parts =
        parts.iter().rev().filter_map(|node| node.get::<Object<'_>>("T").as_ref().and_then(object::text));
    parts.collect::<Vec<_>>().join(".").chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

fn upright(place: Affine, [left, bottom, right, top]: [f32; 4]) -> Option<Rectangle> {
    let [a, b] = [(left, top), (right, bottom)].map(|(x, y)| place * Point::new(f64::from(x), f64::from(y)));
    let area = Rectangle {
        left: a.x.min(b.x) as f32,
        top: a.y.min(b.y) as f32,
        right: a.x.max(b.x) as f32,
        bottom: a.y.max(b.y) as f32,
    };
    [area.left, area.top, area.right, area.bottom].iter().all(|edge| edge.abs() < 1e6).then_some(area)
}

fn is_button(widget: &Dict<'_>) -> bool {
    object::inherited(widget, "FT").as_ref().and_then(object::text).as_deref() == Some("Btn")
}

/// What a field holds. A check box or radio button counts by the state that is shown; "Off" is no value.
pub(crate) fn value(widget: &Dict<'_>) -> Option<String> {
    let kind = object::inherited(widget, "FT").as_ref().and_then(object::text)?;
    let value = object::inherited(widget, "V");
    let text = match kind.as_str() {
        "Btn" => {
            let flags = object::inherited(widget, "Ff").and_then(Object::into_i32).unwrap_or(0);
            let state = object::name(widget, "AS").or_else(|| object::text(&value?))?;
            if state == "Off" || flags & PUSH_BUTTON != 0 {
                return None;
            }
            state
        }
        "Tx" => match value? {
            // Its bytes were measured with those of all streams.
            Object::Stream(stream) => String::from_utf8_lossy(&stream.decoded_data().ok()?).into_owned(),
            other => object::text(&other)?,
        },
        "Ch" => match value? {
            Object::Array(several) => choices(&several),
            other => object::text(&other)?,
        },
        "Sig" => match value? {
            // A digital signature: the signer's name if it gives one.
            Object::Dict(signature) => {
                let name = signature.get::<Object<'_>>("Name").as_ref().and_then(object::text);
                name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "digitally signed".to_owned())
            }
            _ => return None,
        },
        _ => return None,
    };
    let text: String = text.trim().chars().take(MAX_VALUE).collect();
    (!text.is_empty()).then_some(text)
}

fn choices(several: &Array<'_>) -> String {
    several.iter::<Object<'_>>().take(100).filter_map(|one| object::text(&one)).collect::<Vec<_>>().join(", ")
}
