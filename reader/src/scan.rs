//! Turns the picture of a page into words and marks.
//!
//! The way is the same for a scan, a photo and a page of a PDF without text: find the sheet, even the light, make it as
//! large as recognition wants it, set it upright, read it. A page that reads badly may stand on its head, so it is read
//! once more the other way round and the better reading counts; a page that reads well costs one recognition.

use crate::{
    geometry::scaled,
    limits::Limits,
    marks,
    model::{Finding, Grey, Page, Recogniser, Seen, Word, WordSource},
    picture::{quarter_turns, scale, sheet, upright},
};

/// Long side of the picture that is recognised.
pub(crate) const LONG_SIDE: u32 = 2200;
/// Mean confidence below which a reading may be one of a page on its head.
const POOR: f32 = 0.82;
/// Fewer words than this say little about how the page stands.
const FEW: usize = 5;
/// Most characters of a word, as the contract says.
const MAX_CHARACTERS: usize = 200;

/// A sheet set upright, ready to be read or shown.
pub(crate) struct Upright {
    pub(crate) picture: Grey,
    pub(crate) points_a_pixel: f32,
    /// Degrees clockwise, from -180 to 180.
    pub(crate) turned: f32,
    doubtful: bool,
}

/// Prepares a picture: its sheet alone, square pixels, even light, of a size to work with.
pub(crate) fn prepared(picture: Grey, points_a_pixel: (f32, f32), long: u32) -> (Grey, f32) {
    let (across, down) = points_a_pixel;
    let uneven = !(0.97..=1.03).contains(&(across / down));
    let picture = if uneven {
        // A fax has half as many rows; the finer of the two resolutions is kept.
        let finest = across.min(down);
        let side = |side: u32, points: f32| ((side as f32 * points / finest).round() as u32).clamp(1, 8000);
        scale::stretched(&picture, side(picture.width, across), side(picture.height, down))
    } else {
        picture
    };
    let before = picture.width.max(picture.height).max(1);
    let picture = scale::within(&picture, long);
    let scale = before as f32 / picture.width.max(picture.height).max(1) as f32;
    let picture = sheet::evened(sheet::trimmed(picture));
    (picture, across.min(down) * scale)
}

/// Sets a prepared picture upright, as measured or as it was told before.
pub(crate) fn set_upright((picture, points_a_pixel): (Grey, f32), told: Option<f32>) -> Upright {
    let (turns, skew, doubtful) = match told {
        Some(turned) => {
            let turned = if turned.is_finite() { turned } else { 0.0 };
            let turns = (turned / 90.0).round();
            (turns.rem_euclid(4.0) as u8, turned - turns * 90.0, false)
        }
        None => {
            let lie = upright::lie(&picture);
            (u8::from(lie.on_its_side), lie.skew, lie.doubtful)
        }
    };
    let picture = if turns == 0 { picture } else { quarter_turns(&picture, turns) };
    let picture = if skew.abs() < upright::LEAST { picture } else { scale::turned(&picture, skew) };
    Upright { picture, points_a_pixel, turned: normal(f32::from(turns) * 90.0 + skew), doubtful }
}

fn normal(degrees: f32) -> f32 {
    let degrees = degrees.rem_euclid(360.0);
    if degrees > 180.5 { degrees - 360.0 } else { degrees }
}

/// Reads an upright sheet.
pub(crate) fn read(sheet: Upright, recogniser: &dyn Recogniser, limits: &Limits) -> Result<Page, Finding> {
    let mut best = attempt(&sheet.picture, recogniser)?;
    let mut turns = 0;
    if best.is_poor() {
        let others: &[u8] = if sheet.doubtful { &[2, 1, 3] } else { &[2] };
        for more in others {
            let other = attempt(&quarter_turns(&sheet.picture, *more), recogniser)?;
            if other.score > best.score {
                (best, turns) = (other, *more);
            }
            if !best.is_poor() {
                break;
            }
        }
    }
    let picture = if turns == 0 { sheet.picture } else { quarter_turns(&sheet.picture, turns) };
    let turned = normal(sheet.turned + f32::from(turns) * 90.0);
    Ok(page(&picture, sheet.points_a_pixel, turned, best.seen, limits))
}

fn page(picture: &Grey, points_a_pixel: f32, turned: f32, seen: Vec<Seen>, limits: &Limits) -> Page {
    let (width, height) = (picture.width as f32 * points_a_pixel, picture.height as f32 * points_a_pixel);
    let mut words: Vec<Word> = seen
        .into_iter()
        .filter(|seen| !seen.text.trim().is_empty())
        .take(limits.words)
        .map(|seen| Word {
            text: seen.text.trim().chars().take(MAX_CHARACTERS).collect(),
            area: scaled(seen.area, points_a_pixel),
            confidence: seen.confidence.clamp(0.0, 1.0),
            source: WordSource::Recognition,
        })
        .collect();
    let marks = marks::find(picture, 1.0 / points_a_pixel, &mut words, &[], limits);
    Page { width, height, words, marks, turned }
}

/// One try at reading.
struct Attempt {
    seen: Vec<Seen>,
    /// Characters read, each as sure as its word.
    score: f32,
    mean: f32,
}

impl Attempt {
    fn is_poor(&self) -> bool {
        self.mean < POOR || self.seen.len() < FEW
    }
}

fn attempt(picture: &Grey, recogniser: &dyn Recogniser) -> Result<Attempt, Finding> {
    let seen = recogniser.recognise(picture).map_err(|error| {
        Finding::Unreadable(format!("the recognition engine failed ({error}); try again, or read it by hand"))
    })?;
    let characters = |seen: &Seen| seen.text.chars().count() as f32;
    let all: f32 = seen.iter().map(characters).sum();
    let sure: f32 = seen.iter().map(|seen| characters(seen) * seen.confidence.clamp(0.0, 1.0)).sum();
    // Squared, because junk comes in plenty but unsure.
    let score = seen.iter().map(|seen| characters(seen) * seen.confidence.clamp(0.0, 1.0).powi(2)).sum();
    Ok(Attempt { score, mean: if all > 0.0 { sure / all } else { 0.0 }, seen })
}
