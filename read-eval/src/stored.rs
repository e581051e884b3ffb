//! Readings on disk, by the SHA-256 sum of the document, so that a change of rules is measured without reading again.
//!
//! What the reader says is turned into what the component takes, and that is kept. A reading says nothing of the
//! version of the reader's code: whoever changes the reader empties the folder. One that cannot be understood counts as
//! not there.

use std::fs;
use std::path::Path;

use document_reader::model as read;
use ecms_onboarding::model::ocr;
use serde::{Deserialize, Serialize};

use crate::error::EvalError;

/// Left, top, right, bottom.
type Area = (f32, f32, f32, f32);

/// A reading and how long it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// What was read.
    pub reading: ocr::Reading,
    /// Seconds it took.
    pub seconds: f64,
}

#[derive(Serialize, Deserialize)]
struct File {
    reader: String,
    seconds: f64,
    pages: Vec<Page>,
    fields: Vec<Field>,
}

#[derive(Serialize, Deserialize)]
struct Page {
    width: f32,
    height: f32,
    turned: f32,
    /// Text, place, confidence, and whether it was recognised.
    words: Vec<(String, Area, f32, bool)>,
    marks: Vec<(Kind, Area, f32)>,
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    value: String,
    ticked: bool,
    page: Option<u32>,
    area: Option<Area>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    EmptyBox,
    TickedBox,
    Ink,
    Strike,
}

/// What the reader says, as the component takes it.
#[must_use]
pub fn converted(reading: read::Reading) -> ocr::Reading {
    let area = |it: read::Rectangle| ocr::Rectangle {
        left: it.left,
        top: it.top,
        right: it.right,
        bottom: it.bottom,
    };
    let word = |it: read::Word| ocr::Word {
        text: it.text,
        area: area(it.area),
        confidence: it.confidence,
        source: match it.source {
            read::WordSource::TextLayer => ocr::WordSource::TextLayer,
            read::WordSource::Recognition => ocr::WordSource::Recognition,
        },
    };
    let mark = |it: read::Mark| ocr::Mark {
        kind: match it.kind {
            read::MarkKind::EmptyBox => ocr::MarkKind::EmptyBox,
            read::MarkKind::TickedBox => ocr::MarkKind::TickedBox,
            read::MarkKind::Ink => ocr::MarkKind::Ink,
            read::MarkKind::Strike => ocr::MarkKind::Strike,
        },
        area: area(it.area),
        confidence: it.confidence,
    };
    let page = |it: read::Page| ocr::TextPage {
        width: it.width,
        height: it.height,
        words: it.words.into_iter().map(word).collect(),
        marks: it.marks.into_iter().map(mark).collect(),
        turned: it.turned,
    };
    let field = |it: read::FormField| ocr::FormField {
        name: it.name,
        value: it.value,
        ticked: it.ticked,
        page: it.page,
        area: it.area.map(area),
    };
    ocr::Reading {
        pages: reading.pages.into_iter().map(page).collect(),
        fields: reading.fields.into_iter().map(field).collect(),
        reader: reading.reader,
    }
}

/// A reading that was kept.
#[must_use]
pub fn load(folder: &Path, sha256: &str) -> Option<Timed> {
    let text = fs::read(path(folder, sha256)).ok()?;
    let file: File = serde_json::from_slice(&text).ok()?;
    Some(restored(file))
}

/// Keeps a reading.
pub fn keep(folder: &Path, sha256: &str, timed: &Timed) -> Result<(), EvalError> {
    let text = serde_json::to_vec(&stored(timed)).map_err(EvalError::Json)?;
    let path = path(folder, sha256);
    // Another run may look at the same moment: it sees all of it or nothing.
    let partial = path.with_extension("part");
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&partial, text))
        .and_then(|()| fs::rename(&partial, &path));
    written.map_err(|source| EvalError::Write { path, source })
}

fn path(folder: &Path, sha256: &str) -> std::path::PathBuf {
    folder.join(format!("{sha256}.json"))
}

const fn stored_area(it: &ocr::Rectangle) -> Area {
    (it.left, it.top, it.right, it.bottom)
}

const fn restored_area((left, top, right, bottom): Area) -> ocr::Rectangle {
    ocr::Rectangle { left, top, right, bottom }
}

fn stored(timed: &Timed) -> File {
    let word = |it: &ocr::Word| {
        let recognised = it.source == ocr::WordSource::Recognition;
        (it.text.clone(), stored_area(&it.area), it.confidence, recognised)
    };
    let mark = |it: &ocr::Mark| {
        let kind = match it.kind {
            ocr::MarkKind::EmptyBox => Kind::EmptyBox,
            ocr::MarkKind::TickedBox => Kind::TickedBox,
            ocr::MarkKind::Ink => Kind::Ink,
            ocr::MarkKind::Strike => Kind::Strike,
        };
        (kind, stored_area(&it.area), it.confidence)
    };
    let page = |it: &ocr::TextPage| Page {
        width: it.width,
        height: it.height,
        turned: it.turned,
        words: it.words.iter().map(word).collect(),
        marks: it.marks.iter().map(mark).collect(),
    };
    let field = |it: &ocr::FormField| Field {
        name: it.name.clone(),
        value: it.value.clone(),
        ticked: it.ticked,
        page: it.page,
        area: it.area.as_ref().map(stored_area),
    };
    File {
        reader: timed.reading.reader.clone(),
        seconds: timed.seconds,
        pages: timed.reading.pages.iter().map(page).collect(),
        fields: timed.reading.fields.iter().map(field).collect(),
    }
}

fn restored(file: File) -> Timed {
    let word = |(text, area, confidence, recognised)| ocr::Word {
        text,
        area: restored_area(area),
        confidence,
        source: if recognised { ocr::WordSource::Recognition } else { ocr::WordSource::TextLayer },
    };
    let mark = |(kind, area, confidence)| ocr::Mark {
        kind: match kind {
            Kind::EmptyBox => ocr::MarkKind::EmptyBox,
            Kind::TickedBox => ocr::MarkKind::TickedBox,
            Kind::Ink => ocr::MarkKind::Ink,
            Kind::Strike => ocr::MarkKind::Strike,
        },
        area: restored_area(area),
        confidence,
    };
    let page = |it: Page| ocr::TextPage {
        width: it.width,
        height: it.height,
        words: it.words.into_iter().map(word).collect(),
        marks: it.marks.into_iter().map(mark).collect(),
        turned: it.turned,
    };
    let field = |it: Field| ocr::FormField {
        name: it.name,
        value: it.value,
        ticked: it.ticked,
        page: it.page,
        area: it.area.map(restored_area),
    };
    Timed {
        reading: ocr::Reading {
            pages: file.pages.into_iter().map(page).collect(),
            fields: file.fields.into_iter().map(field).collect(),
            reader: file.reader,
        },
        seconds: file.seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let area = read::Rectangle { left: 1.0, top: 2.5, right: 3.0, bottom: 4.25 };
        let mark = |kind| read::Mark { kind, area, confidence: 0.5 };
        let word = |source| read::Word { text: "Straße".into(), area, confidence: 0.75, source };
        let page = read::Page {
            width: 612.0,
            height: 792.0,
            words: vec![word(read::WordSource::TextLayer), word(read::WordSource::Recognition)],
            marks: [
                read::MarkKind::EmptyBox,
                read::MarkKind::TickedBox,
                read::MarkKind::Ink,
                read::MarkKind::Strike,
            ]
            .map(mark)
            .to_vec(),
            turned: -1.5,
        };
        let field = |area| read::FormField {
            name: "a.b".into(),
            value: "Yes".into(),
            ticked: true,
            page: Some(1),
            area,
        };
        let reading = read::Reading {
            pages: vec![page],
            fields: vec![field(Some(area)), field(None)],
            reader: "r".into(),
        };
        let timed = Timed { reading: converted(reading), seconds: 0.125 };
        assert_eq!(timed.reading.pages[0].marks[3].kind, ocr::MarkKind::Strike);
        assert_eq!(timed.reading.pages[0].words[1].source, ocr::WordSource::Recognition);
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("new");
        assert_eq!(load(&kept, "ab"), None);
        keep(&kept, "ab", &timed).unwrap();
        assert_eq!(load(&kept, "ab"), Some(timed));
        fs::write(kept.join("cd.json"), "{}").unwrap();
        assert_eq!(load(&kept, "cd"), None, "another format counts as not there");
    }
}
