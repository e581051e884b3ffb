//! Marks become a one-page PDF: printed, fillable, or the picture that a scanner makes of it.
//!
//! Printed and fillable files use the standard Helvetica fonts, so nothing is embedded and the text layer is plain.
//! Each field of a fillable file has an appearance stream, because whoever takes the fields out again needs to know
//! what they look like. Object numbers are given out in order, which keeps the bytes equal from run to run.

use pdf_writer::{
    Chunk, Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{AnnotationFlags, CheckBoxState, FieldType},
};

use crate::{
    forms::{Mark, PAGE_HEIGHT, PAGE_WIDTH},
    picture::Bitmap,
};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENTS: Ref = Ref::new(4);
const PLAIN: Ref = Ref::new(5);
const BOLD: Ref = Ref::new(6);
const IMAGE: Ref = Ref::new(7);
const FIRST_FREE: i32 = 8;
const PLAIN_NAME: Name<'static> = Name(b"Helv");
const BOLD_NAME: Name<'static> = Name(b"HeBo");
const VALUE_SIZE: f32 = 10.0;
/// From the lower edge of a field to the baseline of its text.
const DESCENT: f32 = 3.0;
const FIELD_HEIGHT: f32 = 13.0;
const BOX_SIDE: f32 = 9.0;

/// Characters as the standard fonts take them (WinAnsi, which agrees with Latin-1 where it matters).
fn encode(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn show(content: &mut Content, font: Name<'_>, size: f32, x: f32, y: f32, text: &str) {
    content.begin_text();
    content.set_font(font, size);
    content.next_line(x, y);
    content.show(Str(&encode(text)));
    content.end_text();
}

fn cross(content: &mut Content, x: f32, y: f32) {
    let far = BOX_SIDE - 2.0;
    content.move_to(x + 2.0, y + 2.0).line_to(x + far, y + far);
    content.move_to(x + 2.0, y + far).line_to(x + far, y + 2.0).stroke();
}

/// Everything a printed page shows; values and crosses only where `filled`.
fn draw(marks: &[Mark], filled: bool) -> Content {
    let mut content = Content::new();
    content.set_line_width(0.5);
    for mark in marks {
        match mark {
            Mark::Text { x, y, size, bold, text } => {
                show(&mut content, if *bold { BOLD_NAME } else { PLAIN_NAME }, *size, *x, *y, text);
            }
            Mark::Rule { x, y, width } => {
                content.move_to(*x, *y).line_to(x + width, *y).stroke();
            }
            Mark::Value { x, y, text, .. } if filled && !text.is_empty() => {
                show(&mut content, PLAIN_NAME, VALUE_SIZE, *x, *y, text);
            }
            Mark::Value { .. } => {}
            Mark::Check { x, y, on, .. } => {
                content.rect(x - 1.0, y - 1.0, BOX_SIDE, BOX_SIDE).stroke();
                if filled && *on {
                    show(&mut content, PLAIN_NAME, VALUE_SIZE, *x, *y, "X");
                }
            }
        }
    }
    content
}

fn fonts(chunk: &mut Chunk) {
    for (id, base) in [(PLAIN, b"Helvetica".as_slice()), (BOLD, b"Helvetica-Bold")] {
        chunk.type1_font(id).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
}

/// Catalog, page and contents; `fields` are the widgets on the page.
fn document(content: Content, fields: &[Ref], image: bool) -> Pdf {
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES);
    if !fields.is_empty() {
        let mut form = catalog.form();
        form.fields(fields.iter().copied()).default_appearance(Str(b"/Helv 10 Tf 0 g"));
        form.default_resources().fonts().pair(PLAIN_NAME, PLAIN);
    }
    catalog.finish();
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)).contents(CONTENTS);
    if !fields.is_empty() {
        page.annotations(fields.iter().copied());
    }
    let mut resources = page.resources();
    if image {
        resources.x_objects().pair(Name(b"Im0"), IMAGE);
    } else {
        resources.fonts().pair(PLAIN_NAME, PLAIN).pair(BOLD_NAME, BOLD);
    }
    resources.finish();
    page.finish();
    pdf.stream(CONTENTS, &content.finish());
    if !image {
        fonts(&mut pdf);
    }
    pdf
}

/// A page with labels and values as text.
pub(crate) fn printed(marks: &[Mark]) -> Vec<u8> {
    document(draw(marks, true), &[], false).finish()
}

/// A page with labels as text and values in form fields.
pub(crate) fn fillable(marks: &[Mark]) -> Vec<u8> {
    let mut next = FIRST_FREE;
    let mut reference = move || {
        let id = Ref::new(next);
        next += 1;
        id
    };
    let mut fields = Vec::new();
    let mut widgets = Chunk::new();
    for mark in marks {
        match mark {
            Mark::Value { x, y, width, name, text } => {
                let (id, look) = (reference(), reference());
                text_field(
                    &mut widgets,
                    id,
                    look,
                    Rect::new(*x, y - DESCENT, x + width, y - DESCENT + FIELD_HEIGHT),
                    name,
                    text,
                );
                fields.push(id);
            }
            Mark::Check { x, y, name, on } => {
                let (id, yes, off) = (reference(), reference(), reference());
                let rect = Rect::new(x - 1.0, y - 1.0, x - 1.0 + BOX_SIDE, y - 1.0 + BOX_SIDE);
                check_box(&mut widgets, id, (yes, off), rect, name, *on);
                fields.push(id);
            }
            Mark::Text { .. } | Mark::Rule { .. } => {}
        }
    }
    let mut pdf = document(draw(marks, false), &fields, false);
    pdf.extend(&widgets);
    pdf.finish()
}

fn text_field(chunk: &mut Chunk, id: Ref, look: Ref, rect: Rect, name: &str, text: &str) {
    let mut content = Content::new();
    content.begin_marked_content(Name(b"Tx")).save_state();
    if !text.is_empty() {
        show(&mut content, PLAIN_NAME, VALUE_SIZE, 0.0, DESCENT, text);
    }
    content.restore_state().end_marked_content();
    let mut field = chunk.form_field(id);
    field.partial_name(TextStr(name)).field_type(FieldType::Text);
    if !text.is_empty() {
        field.text_value(TextStr(text));
    }
    field.vartext_default_appearance(Str(b"/Helv 10 Tf 0 g"));
    let mut widget = field.into_annotation();
    widget.rect(rect).page(PAGE).flags(AnnotationFlags::PRINT);
    widget.appearance().normal().stream(look);
    widget.finish();
    let content = content.finish();
    let mut appearance = chunk.form_xobject(look, &content);
    appearance.bbox(Rect::new(0.0, 0.0, rect.x2 - rect.x1, rect.y2 - rect.y1));
    appearance.resources().fonts().pair(PLAIN_NAME, PLAIN);
    appearance.finish();
}

fn check_box(chunk: &mut Chunk, id: Ref, (yes, off): (Ref, Ref), rect: Rect, name: &str, on: bool) {
    let state = if on { CheckBoxState::Yes } else { CheckBoxState::Off };
    let mut field = chunk.form_field(id);
    field.partial_name(TextStr(name)).field_type(FieldType::Button).checkbox_value(state);
    let mut widget = field.into_annotation();
    widget.rect(rect).page(PAGE).flags(AnnotationFlags::PRINT);
    widget.appearance().normal().streams().pairs([(Name(b"Yes"), yes), (Name(b"Off"), off)]);
    widget.appearance_state(if on { Name(b"Yes") } else { Name(b"Off") });
    widget.finish();
    let side = Rect::new(0.0, 0.0, BOX_SIDE, BOX_SIDE);
    let mut content = Content::new();
    cross(&mut content, 0.0, 0.0);
    chunk.form_xobject(yes, &content.finish()).bbox(side);
    chunk.form_xobject(off, &Content::new().finish()).bbox(side);
}

/// A page that is one picture, without any text.
pub(crate) fn scanned(bitmap: &Bitmap) -> Vec<u8> {
    let mut content = Content::new();
    content.transform([PAGE_WIDTH, 0.0, 0.0, PAGE_HEIGHT, 0.0, 0.0]).x_object(Name(b"Im0"));
    let mut pdf = document(content, &[], true);
    let pixels = miniz_oxide::deflate::compress_to_vec_zlib(bitmap.rows(), 6);
    let mut image = pdf.image_xobject(IMAGE, &pixels);
    image.filter(Filter::FlateDecode);
    image.width(bitmap.width_i32()).height(bitmap.height_i32()).bits_per_component(1);
    image.color_space().device_gray();
    image.finish();
    pdf.finish()
}
