//! The networks on the sample certificates, against what really stands there.
//!
//! Weights and samples are not part of the repository. Where either is missing the tests say so and measure nothing.

#![cfg(feature = "recognition")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests a panic is the report")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use document_reader::{
    model::{Grey, Recogniser, Seen},
    recognise::{self, Networks, Tesseract},
};
use serde_json::Value;

/// A sample: its picture, and its entry in `truth.json`.
struct Sample {
    name: String,
    picture: Grey,
    truth: Value,
}

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/certificates/samples");
    let Ok(truth) = fs::read_to_string(folder.join("truth.json")) else {
        println!("skipped: no sample certificates at {}", folder.display());
        return Vec::new();
    };
    let truth: Value = serde_json::from_str(&truth).unwrap();
    let documents = truth["documents"].as_array().unwrap().iter();
    documents.filter_map(|truth| sample(&folder, truth)).collect()
}

/// None for what is no picture.
fn sample(folder: &Path, truth: &Value) -> Option<Sample> {
    let name = truth["file"].as_str().unwrap().to_owned();
    if PathBuf::from(&name).extension().is_some_and(|extension| extension == "pdf") {
        return None;
    }
    let picture = image::open(folder.join(&name)).unwrap().into_luma8();
    let picture = Grey { width: picture.width(), height: picture.height(), pixels: picture.into_raw() };
    Some(Sample { name, picture, truth: truth.clone() })
}

fn networks(threads: usize) -> Option<Networks> {
    let folder = recognise::default_folder()?;
    match Networks::load(&folder, threads) {
        Ok(networks) => Some(networks),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// Shares of right words, and edits in values.
#[derive(Default)]
struct Score {
    expected: usize,
    found: usize,
    common: usize,
    value_characters: usize,
    value_errors: usize,
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.found += other.found;
        self.common += other.common;
        self.value_characters += other.value_characters;
        self.value_errors += other.value_errors;
    }

    fn recall(&self) -> f64 {
        self.common as f64 / self.expected as f64
    }

    fn precision(&self) -> f64 {
        self.common as f64 / self.found as f64
    }

    fn value_error(&self) -> f64 {
        self.value_errors as f64 / self.value_characters as f64
    }

    fn print(&self, name: &str, time: Duration) {
        println!(
            "{name}: recall {:.1} %, precision {:.1} % of {} words; values: {} of {} characters wrong; {:.2} s",
            self.recall() * 100.0,
            self.precision() * 100.0,
            self.expected,
            self.value_errors,
            self.value_characters,
            time.as_secs_f64()
        );
    }
}

fn score(sample: &Sample, seen: &[Seen]) -> Score {
    let segments = sample.truth["segments"].as_array().unwrap();
    let mut score = Score::default();
    let mut left: HashMap<&str, isize> = HashMap::new();
    for word in segments.iter().flat_map(|segment| segment["text"].as_str().unwrap().split_whitespace()) {
        *left.entry(word).or_default() += 1;
        score.expected += 1;
    }
    let mut surplus = Vec::new();
    for word in seen {
        score.found += 1;
        match left.get_mut(word.text.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                score.common += 1;
            }
            _ => surplus.push(format!("{} {:.2}", word.text, word.confidence)),
        }
    }
    left.retain(|_, count| *count > 0);
    println!("{}: not found {:?}; not expected {surplus:?}", sample.name, left.keys());
    for segment in segments.iter().filter(|segment| segment["kind"] == "value") {
        let corner = |at: usize| segment["box"][at].as_f64().unwrap() as f32;
        let inside = |word: &&Seen| {
            let (x, y) = (
                f32::midpoint(word.area.left, word.area.right),
                f32::midpoint(word.area.top, word.area.bottom),
            );
            (corner(0) - 8.0..corner(2) + 8.0).contains(&x) && (corner(1) - 8.0..corner(3) + 8.0).contains(&y)
        };
        let is: String = seen.iter().filter(inside).map(|word| word.text.as_str()).collect();
        let should: String = segment["text"].as_str().unwrap().split_whitespace().collect();
        score.value_characters += should.chars().count();
        let edits = edits(&is, &should);
        if edits > 0 {
            println!("  value {should:?} read as {is:?}");
        }
        score.value_errors += edits;
    }
    score
}

/// Levenshtein distance.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, b) in other.chars().enumerate() {
            let next = (diagonal + usize::from(a != b)).min(row[to] + 1).min(row[to + 1] + 1);
            diagonal = std::mem::replace(&mut row[to + 1], next);
        }
    }
    row[other.chars().count()]
}

fn measure(recogniser: &dyn Recogniser, samples: &[Sample]) -> Score {
    let mut total = Score::default();
    let mut whole = Duration::ZERO;
    for sample in samples {
        let begun = Instant::now();
        let seen = recogniser.recognise(&sample.picture).unwrap();
        let time = begun.elapsed();
        let score = score(sample, &seen);
        score.print(&sample.name, time);
        whole += time;
        total.add(&score);
    }
    total.print(&recogniser.name(), whole);
    total
}

#[test]
fn the_networks_read_nearly_every_word_of_the_samples() {
    let (samples, Some(networks)) = (samples(), networks(2)) else { return };
    if samples.is_empty() {
        return;
    }
    let total = measure(&networks, &samples);
    assert!(total.recall() >= 0.98, "recall {}", total.recall());
    assert!(total.precision() >= 0.96, "precision {}", total.precision());
    assert!(total.value_error() <= 0.01, "errors in values {}", total.value_error());
}

#[test]
fn words_stand_where_they_were_printed() {
    let (samples, Some(networks)) = (samples(), networks(2)) else { return };
    let Some(sample) = samples.first() else { return };
    let seen = networks.recognise(&sample.picture).unwrap();
    let mut checked = 0;
    for segment in sample.truth["segments"].as_array().unwrap() {
        let text = segment["text"].as_str().unwrap();
        let words: Vec<_> = seen.iter().filter(|word| word.text == text).collect();
        // Only words that are a segment of their own, once on the page, have a box to compare with.
        let [word] = words.as_slice() else { continue };
        let off = [word.area.left, word.area.top, word.area.right, word.area.bottom]
            .iter()
            .enumerate()
            .map(|(at, edge)| (edge - segment["box"][at].as_f64().unwrap() as f32).abs())
            .fold(0.0, f32::max);
        println!("{text}: {off:.1} pixels off");
        assert!(off <= 16.0, "{text} is {off} pixels off: {word:?}, {}", segment["box"]);
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} words could be compared");
}

/// A page turned by a slope, as a scanner's feed does it.
fn askew(page: &Grey, slope: f32) -> Grey {
    let (width, height) = (page.width as f32, page.height as f32);
    let mut pixels = Vec::with_capacity(page.pixels.len());
    for y in 0..page.height {
        for x in 0..page.width {
            let (x, y) = (x as f32 - width / 2.0, y as f32 - height / 2.0);
            let (from_x, from_y) = (x + y * slope + width / 2.0, y - x * slope + height / 2.0);
            let inside = (0.0..width).contains(&from_x) && (0.0..height).contains(&from_y);
            let at = from_y as usize * page.width as usize + from_x as usize;
            pixels.push(if inside { page.pixels[at] } else { 255 });
        }
    }
    Grey { pixels, ..*page }
}

#[test]
fn a_page_that_stands_askew_is_read_in_the_same_order() {
    let (samples, Some(networks)) = (samples(), networks(2)) else { return };
    let Some(sample) = samples.first() else { return };
    let straight = networks.recognise(&sample.picture).unwrap();
    let turned = networks.recognise(&askew(&sample.picture, 0.03)).unwrap();
    let text = |seen: &[Seen]| seen.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let (straight, turned) = (text(&straight), text(&turned));
    let wrong = edits(&straight, &turned) as f64 / straight.len() as f64;
    println!("{:.2} % of the characters differ", wrong * 100.0);
    assert!(wrong < 0.02, "{straight}\n{turned}");
}

#[test]
fn an_empty_page_has_no_words_and_a_line_of_noise_no_failure() {
    let Some(networks) = networks(1) else { return };
    let blank = Grey { width: 400, height: 300, pixels: vec![250; 400 * 300] };
    assert_eq!(networks.recognise(&blank), Ok(Vec::new()));
    // A fixed pattern without meaning.
    let noise = (0..400 * 300_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert!(networks.recognise(&Grey { width: 400, height: 300, pixels: noise }).is_ok());
    for (width, height) in [(1, 1), (1, 3000), (3000, 1), (2, 64_000)] {
        let pixels = (0..width * height).map(|at| if at % 2 == 0 { 0 } else { 255 }).collect();
        assert!(networks.recognise(&Grey { width, height, pixels }).is_ok(), "{width} x {height}");
    }
    let error = networks.recognise(&Grey { width: 10, height: 10, pixels: vec![0; 9] }).unwrap_err();
    assert!(error.contains("number of pixels"), "{error}");
}

#[test]
fn tesseract_reads_most_words_of_a_sample() {
    let tesseract = match Tesseract::find("tesseract", Duration::from_secs(120)) {
        Ok(found) => found,
        Err(sentence) => {
            println!("skipped: {sentence}");
            return;
        }
    };
    let samples = samples();
    let Some(first) = samples.first() else { return };
    let total = measure(&tesseract, std::slice::from_ref(first));
    assert!(total.recall() >= 0.8, "recall {}", total.recall());
}
