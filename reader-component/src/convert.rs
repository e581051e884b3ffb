//! From the reader's types to those of the contract, field by field.

use document_reader::model;

use crate::bindings::{
    ecms::document_reader::recognition::{self, Grey, Rectangle},
    exports::ecms::document_reader::reading::{
        Document, Finding, FormField, Mark, MarkKind, Page, PagePicture, Word, WordSource,
    },
};

pub(crate) fn document(reading: model::Reading) -> Document {
    Document {
        pages: reading.pages.into_iter().map(page).collect(),
        fields: reading.fields.into_iter().map(field).collect(),
        reader: reading.reader,
    }
}

pub(crate) fn page_picture(found: document_reader::PagePicture) -> PagePicture {
    let document_reader::PagePicture { picture, points_a_pixel } = found;
    let picture = Grey { width: picture.width, height: picture.height, pixels: picture.pixels };
    PagePicture { picture, points_a_pixel }
}

pub(crate) fn finding(finding: model::Finding) -> Finding {
    match finding {
        model::Finding::NeedsRecogniser(text) => Finding::NeedsRecogniser(text),
        model::Finding::Unreadable(text) => Finding::Unreadable(text),
        model::Finding::TooLarge(text) => Finding::TooLarge(text),
    }
}

pub(crate) fn seen(seen: recognition::Seen) -> model::Seen {
    let Rectangle { left, top, right, bottom } = seen.area;
    model::Seen {
        text: seen.text,
        area: model::Rectangle { left, top, right, bottom },
        confidence: seen.confidence,
    }
}

fn page(page: model::Page) -> Page {
    Page {
        width: page.width,
        height: page.height,
        words: page.words.into_iter().map(word).collect(),
        marks: page.marks.into_iter().map(mark).collect(),
        turned: page.turned,
    }
}

fn word(word: model::Word) -> Word {
    Word {
        text: word.text,
        area: rectangle(word.area),
        confidence: word.confidence,
        source: match word.source {
            model::WordSource::TextLayer => WordSource::TextLayer,
            model::WordSource::Recognition => WordSource::Recognition,
        },
    }
}

fn mark(mark: model::Mark) -> Mark {
    Mark {
        kind: match mark.kind {
            model::MarkKind::EmptyBox => MarkKind::EmptyBox,
            model::MarkKind::TickedBox => MarkKind::TickedBox,
            model::MarkKind::Ink => MarkKind::Ink,
            model::MarkKind::Strike => MarkKind::Strike,
        },
        area: rectangle(mark.area),
        confidence: mark.confidence,
    }
}

fn field(field: model::FormField) -> FormField {
    FormField {
        name: field.name,
        value: field.value,
        ticked: field.ticked,
        page: field.page,
        area: field.area.map(rectangle),
    }
}

fn rectangle(area: model::Rectangle) -> Rectangle {
    let model::Rectangle { left, top, right, bottom } = area;
    Rectangle { left, top, right, bottom }
}
