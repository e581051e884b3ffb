//! From the types of the reader's contract to those of the reader, field by field.
//!
//! What the sandbox says is not trusted: numbers of pixels are checked here, everything else where the reading is put
//! into the shapes of the onboarding contract, which is the same way for both kinds of reader.

use document_reader::{
    PagePicture,
    model::{self, Finding, FormField, Grey, Mark, MarkKind, Page, Reading, Rectangle, Word, WordSource},
};

use super::bindings::{
    ecms::document_reader::recognition as theirs, exports::ecms::document_reader::reading,
};

pub(super) fn reading(document: reading::Document) -> Reading {
    Reading {
        pages: document.pages.into_iter().map(page).collect(),
        fields: document.fields.into_iter().map(field).collect(),
        reader: document.reader,
    }
}

pub(super) fn finding(finding: reading::Finding) -> Finding {
    match finding {
        reading::Finding::NeedsRecogniser(text) => Finding::NeedsRecogniser(text),
        reading::Finding::Unreadable(text) => Finding::Unreadable(text),
        reading::Finding::TooLarge(text) => Finding::TooLarge(text),
    }
}

pub(super) fn grey(picture: theirs::Grey) -> Grey {
    Grey { width: picture.width, height: picture.height, pixels: picture.pixels }
}

pub(super) fn seen(seen: model::Seen) -> theirs::Seen {
    let Rectangle { left, top, right, bottom } = seen.area;
    theirs::Seen {
        text: seen.text,
        area: theirs::Rectangle { left, top, right, bottom },
        confidence: seen.confidence,
    }
}

/// None if the picture is not what it says.
pub(super) fn page_picture(found: reading::PagePicture) -> Option<PagePicture> {
    let picture = grey(found.picture);
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    let whole = pixels > 0 && pixels == picture.pixels.len() as u64;
    let scale = found.points_a_pixel;
    (whole && scale.is_finite() && scale > 0.0).then_some(PagePicture { picture, points_a_pixel: scale })
}

fn page(page: reading::Page) -> Page {
    Page {
        width: page.width,
        height: page.height,
        words: page.words.into_iter().map(word).collect(),
        marks: page.marks.into_iter().map(mark).collect(),
        turned: page.turned,
    }
}

fn word(word: reading::Word) -> Word {
    Word {
        text: word.text,
        area: rectangle(word.area),
        confidence: word.confidence,
        source: match word.source {
            reading::WordSource::TextLayer => WordSource::TextLayer,
            reading::WordSource::Recognition => WordSource::Recognition,
        },
    }
}

fn mark(mark: reading::Mark) -> Mark {
    Mark {
        kind: match mark.kind {
            reading::MarkKind::EmptyBox => MarkKind::EmptyBox,
            reading::MarkKind::TickedBox => MarkKind::TickedBox,
            reading::MarkKind::Ink => MarkKind::Ink,
            reading::MarkKind::Strike => MarkKind::Strike,
        },
        area: rectangle(mark.area),
        confidence: mark.confidence,
    }
}

fn field(field: reading::FormField) -> FormField {
    FormField {
        name: field.name,
        value: field.value,
        ticked: field.ticked,
        page: field.page,
        area: field.area.map(rectangle),
    }
}

fn rectangle(area: theirs::Rectangle) -> Rectangle {
    let theirs::Rectangle { left, top, right, bottom } = area;
    Rectangle { left, top, right, bottom }
}
