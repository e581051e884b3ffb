//! Pages as PDF: with a text layer, with form fields, or as the pictures a scanner makes.
//!
//! The standard fonts are used, so nothing is embedded. The fields of a fillable document carry the values and have
//! appearance streams, as reading programs want them; half of the documents name their fields plainly, the others
//! number them as form editors do. Object numbers are given out in order, which keeps the bytes equal.

use pdf_writer::{
    Chunk, Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{AnnotationFlags, CheckBoxState, FieldType},
};

use super::{
    encode,
    face::Face,
    raster::{Grey, tick_strokes},
    sheet::{HEIGHT, Mark, Tick, WIDTH},
    truth::SegmentKind,
};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const FACES: [(Face, Name<'static>, &[u8], Ref); 5] = [
    (Face::Sans, Name(b"Helv"), b"Helvetica", Ref::new(3)),
    (Face::SansBold, Name(b"HeBo"), b"Helvetica-Bold", Ref::new(4)),
    (Face::Serif, Name(b"TiRo"), b"Times-Roman", Ref::new(5)),
    (Face::SerifBold, Name(b"TiBo"), b"Times-Bold", Ref::new(6)),
    (Face::Mono, Name(b"Cour"), b"Courier", Ref::new(7)),
];
const FIRST_FREE: i32 = 8;

/// Whether values stand in the text or in form fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entries {
    /// In the text.
    Printed,
    /// In form fields with telling names.
    Named,
    /// In form fields with numbers for names.
    Numbered,
}

/// Gives out object numbers.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        let id = Ref::new(self.0);
        self.0 += 1;
        id
    }
}

fn name_of(face: Face) -> Name<'static> {
    FACES.iter().find(|(known, ..)| *known == face).map_or(Name(b"Helv"), |(_, name, ..)| *name)
}

fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn show(content: &mut Content, font: Name<'_>, size: f32, x: f32, y: f32, text: &str) {
    content.begin_text();
    content.set_font(font, size);
    content.next_line(x, y);
    content.show(Str(&encoded(text)));
    content.end_text();
}

fn strokes(content: &mut Content, tick: Tick, left: f32, top: f32, side: f32) {
    content.save_state();
    content.set_line_width(if tick == Tick::Blot { side * 0.26 } else { 1.0 });
    for (from, to) in tick_strokes(tick) {
        content.move_to(left + from.0 * side, top - from.1 * side);
        content.line_to(left + to.0 * side, top - to.1 * side).stroke();
    }
    content.restore_state();
}

/// Draws what is on the paper; `entries` are left out where form fields hold them.
fn draw(marks: &[Mark], entries: Entries) -> Content {
    let mut content = Content::new();
    for mark in marks {
        match mark {
            Mark::Text { kind: SegmentKind::Value, .. } if entries != Entries::Printed => {}
            Mark::Text { x, y, size, face, text, .. } => {
                show(&mut content, name_of(*face), *size, *x, HEIGHT - y, text);
            }
            Mark::Blank { .. } => {}
            Mark::Line { from, to, width } => {
                content.set_line_width(*width);
                content.move_to(from.0, HEIGHT - from.1).line_to(to.0, HEIGHT - to.1).stroke();
            }
            Mark::Box { x, y, side, tick, stray, .. } => {
                content.set_line_width(0.7);
                content.rect(*x, HEIGHT - y - side, *side, *side).stroke();
                if let (Some(tick), Entries::Printed) = (tick, entries) {
                    strokes(&mut content, *tick, x + stray.0, HEIGHT - y - stray.1, *side);
                }
            }
            Mark::Ink { points, width } => {
                content.set_line_width(*width);
                for (at, (x, y)) in points.iter().enumerate() {
                    if at == 0 {
                        content.move_to(*x, HEIGHT - y);
                    } else {
                        content.line_to(*x, HEIGHT - y);
                    }
                }
                content.stroke();
            }
        }
    }
    content
}

/// Pages with a text layer.
pub(crate) fn printed(pages: &[Vec<Mark>], entries: Entries) -> Vec<u8> {
    let mut numbers = Numbers(FIRST_FREE);
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (numbers.next(), numbers.next())).collect();
    let mut widgets = Chunk::new();
    let mut fields: Vec<Vec<Ref>> = Vec::new();
    for (marks, (page, _)) in pages.iter().zip(&ids) {
        let places = if entries == Entries::Printed { &[][..] } else { marks };
        fields.push(fields_of(places, *page, entries, &mut numbers, &mut widgets));
    }
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES);
    if entries != Entries::Printed {
        let mut form = catalog.form();
        form.fields(fields.iter().flatten().copied()).default_appearance(Str(b"/Helv 10 Tf 0 g"));
        form.default_resources().fonts().pair(Name(b"Helv"), Ref::new(3));
    }
    catalog.finish();
    page_tree(&mut pdf, &ids);
    for ((marks, (page, contents)), fields) in pages.iter().zip(&ids).zip(&fields) {
        let mut leaf = pdf.page(*page);
        leaf.parent(PAGES).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(*contents);
        if !fields.is_empty() {
            leaf.annotations(fields.iter().copied());
        }
        let mut resources = leaf.resources();
        let mut fonts = resources.fonts();
        for (_, name, _, id) in FACES {
            fonts.pair(name, id);
        }
        fonts.finish();
        resources.finish();
        leaf.finish();
        pdf.stream(*contents, &draw(marks, entries).finish());
    }
    for (_, _, base, id) in FACES {
        pdf.type1_font(id).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.extend(&widgets);
    pdf.finish()
}

fn page_tree(pdf: &mut Pdf, ids: &[(Ref, Ref)]) {
    let count = i32::try_from(ids.len()).unwrap_or_default();
    pdf.pages(PAGES).kids(ids.iter().map(|(page, _)| *page)).count(count);
}

/// The widgets of a page.
fn fields_of(
    marks: &[Mark],
    page: Ref,
    entries: Entries,
    numbers: &mut Numbers,
    chunk: &mut Chunk,
) -> Vec<Ref> {
    let mut fields = Vec::new();
    let mut count = 0;
    let mut title = |key: &str, kind: &str| {
        count += 1;
        if entries == Entries::Named {
            // A key may stand on the page twice, and pages may repeat it; the object number tells them apart.
            format!("{}_{}_{count}", key.replace(':', "_"), page.get())
        } else {
            format!("{kind}{}", page.get() * 100 + count)
        }
    };
    for mark in marks {
        match mark {
            Mark::Text { x, y, size, text, kind: SegmentKind::Value, field: Some((key, width)), .. } => {
                let (id, look) = (numbers.next(), numbers.next());
                let area = Rect::new(*x, HEIGHT - y - 3.0, x + width, HEIGHT - y + 10.0);
                text_field(chunk, (id, look, page), area, &title(key, "Text"), text, *size);
                fields.push(id);
            }
            Mark::Blank { x, y, width, key } => {
                let (id, look) = (numbers.next(), numbers.next());
                let area = Rect::new(*x, HEIGHT - y - 3.0, x + width, HEIGHT - y + 10.0);
                text_field(chunk, (id, look, page), area, &title(key, "Text"), "", 10.0);
                fields.push(id);
            }
            Mark::Box { x, y, side, key, tick, .. } => {
                let id = numbers.next();
                let looks = (numbers.next(), numbers.next());
                let area = Rect::new(*x, HEIGHT - y - side, x + side, HEIGHT - y);
                check_box(chunk, (id, looks, page), area, &title(key, "Check Box"), *tick);
                fields.push(id);
            }
            Mark::Text { .. } | Mark::Line { .. } | Mark::Ink { .. } => {}
        }
    }
    fields
}

fn text_field(
    chunk: &mut Chunk,
    (id, look, page): (Ref, Ref, Ref),
    area: Rect,
    name: &str,
    text: &str,
    size: f32,
) {
    let mut content = Content::new();
    content.begin_marked_content(Name(b"Tx")).save_state();
    if !text.is_empty() {
        show(&mut content, Name(b"Helv"), size, 0.0, 3.0, text);
    }
    content.restore_state().end_marked_content();
    let mut field = chunk.form_field(id);
    field.partial_name(TextStr(name)).field_type(FieldType::Text);
    if !text.is_empty() {
        field.text_value(TextStr(text));
    }
    field.vartext_default_appearance(Str(b"/Helv 10 Tf 0 g"));
    let mut widget = field.into_annotation();
    widget.rect(area).page(page).flags(AnnotationFlags::PRINT);
    widget.appearance().normal().stream(look);
    widget.finish();
    let content = content.finish();
    let mut appearance = chunk.form_xobject(look, &content);
    appearance.bbox(Rect::new(0.0, 0.0, area.x2 - area.x1, area.y2 - area.y1));
    appearance.resources().fonts().pair(Name(b"Helv"), Ref::new(3));
    appearance.finish();
}

fn check_box(
    chunk: &mut Chunk,
    (id, (yes, off), page): (Ref, (Ref, Ref), Ref),
    area: Rect,
    name: &str,
    tick: Option<Tick>,
) {
    let mut field = chunk.form_field(id);
    let state = if tick.is_some() { CheckBoxState::Yes } else { CheckBoxState::Off };
    field.partial_name(TextStr(name)).field_type(FieldType::Button).checkbox_value(state);
    let mut widget = field.into_annotation();
    widget.rect(area).page(page).flags(AnnotationFlags::PRINT);
    widget.appearance().normal().streams().pairs([(Name(b"Yes"), yes), (Name(b"Off"), off)]);
    widget.appearance_state(if tick.is_some() { Name(b"Yes") } else { Name(b"Off") });
    widget.finish();
    let side = area.x2 - area.x1;
    let bounds = Rect::new(0.0, 0.0, side, side);
    let mut content = Content::new();
    strokes(&mut content, tick.unwrap_or(Tick::Cross), 0.0, side, side);
    chunk.form_xobject(yes, &content.finish()).bbox(bounds);
    chunk.form_xobject(off, &Content::new().finish()).bbox(bounds);
}

/// The picture of a page, packed as it goes into a PDF.
pub(crate) struct Packed {
    width: u32,
    height: u32,
    dpi: u32,
    filter: Filter,
    bits: i32,
    data: Vec<u8>,
}

impl Packed {
    /// A JPEG file.
    pub(crate) fn jpeg(grey: &Grey, dpi: u32, data: Vec<u8>) -> Self {
        Self { width: grey.width, height: grey.height, dpi, filter: Filter::DctDecode, bits: 8, data }
    }

    /// One bit a pixel with the fax coding, else grey with Deflate.
    pub(crate) fn plain(grey: &Grey, dpi: u32, is_bilevel: bool) -> Self {
        let (filter, bits, data) = if is_bilevel {
            (Filter::CcittFaxDecode, 1, encode::fax_coded(grey))
        } else {
            (Filter::FlateDecode, 8, miniz_oxide::deflate::compress_to_vec_zlib(&grey.pixels, 3))
        };
        Self { width: grey.width, height: grey.height, dpi, filter, bits, data }
    }
}

const fn points(pixels: u32, dpi: u32) -> f32 {
    pixels as f32 * 72.0 / dpi as f32
}

/// Pages that hold nothing but a picture each.
pub(crate) fn scanned(pages: &[Packed]) -> Vec<u8> {
    let mut numbers = Numbers(FIRST_FREE);
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (numbers.next(), numbers.next())).collect();
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    pdf.catalog(CATALOG).pages(PAGES);
    page_tree(&mut pdf, &ids);
    for (packed, (page, contents)) in pages.iter().zip(&ids) {
        let picture = numbers.next();
        let (wide, high) = (points(packed.width, packed.dpi), points(packed.height, packed.dpi));
        let mut leaf = pdf.page(*page);
        leaf.parent(PAGES).media_box(Rect::new(0.0, 0.0, wide, high)).contents(*contents);
        leaf.resources().x_objects().pair(Name(b"Im0"), picture);
        leaf.finish();
        let mut content = Content::new();
        content.transform([wide, 0.0, 0.0, high, 0.0, 0.0]).x_object(Name(b"Im0"));
        pdf.stream(*contents, &content.finish());
        let size = (i32::try_from(packed.width), i32::try_from(packed.height));
        let (width, height) = (size.0.unwrap_or_default(), size.1.unwrap_or_default());
        let mut image = pdf.image_xobject(picture, &packed.data);
        image.filter(packed.filter);
        if packed.filter == Filter::CcittFaxDecode {
            image.decode_parms().k(-1).columns(width).rows(height);
        }
        image.width(width).height(height).bits_per_component(packed.bits);
        image.color_space().device_gray();
        image.finish();
    }
    pdf.finish()
}
