//! The two networks together: a page in, words out.
//!
//! The first network sees the whole page once. The lines it finds are cut out, scaled to one height and handed to the
//! second in batches of similar width, because every line of a batch costs as much as its widest. How many threads the
//! networks use is set when they are loaded; they can be used from several threads at the same time.

use std::{path::Path, sync::Arc};

use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::{AsView, NdTensor};

use crate::{
    model::{Grey, Recogniser, Seen},
    recognise::{
        detect, line, order,
        picture::{self, Strip},
        weights::{self, Class, DETECTION, ModelsError, RECOGNITION},
    },
};

/// Height of a line as the network takes it.
const LINE_HEIGHT: u32 = 48;
/// Widths of lines are rounded up to a multiple of this, so that many lines have the same.
const WIDTH_STEP: u32 = 16;
/// A line wider than this is squeezed.
const MAX_WIDTH: u32 = 3_200;
/// Lines of a batch at most.
const BATCH_LINES: usize = 8;
/// Columns of a batch at most, unless it is one line.
const BATCH_COLUMNS: u32 = 4_800;
/// The narrowest line of a batch has at least this share of the widest one's width.
const BATCH_EVENNESS: f32 = 0.85;
/// Columns of all lines of a page at most, at the height that the network takes. A page of small print with a hundred
/// lines has half of that.
pub const MAX_COLUMNS: u64 = 600_000;

/// The networks that find and read lines of text.
pub struct Networks {
    detection: Model,
    recognition: Model,
    classes: Vec<Class>,
    threads: Arc<ThreadPool>,
}

impl core::fmt::Debug for Networks {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Networks").field("classes", &self.classes.len()).finish_non_exhaustive()
    }
}

/// What the networks are fed for one page. Only of use for measuring: [`Networks::run`] on it is the time that nothing
/// around the networks can save.
#[derive(Debug)]
pub struct Work {
    detection: Option<NdTensor<f32, 4>>,
    batches: Vec<NdTensor<f32, 4>>,
}

/// Lines of similar width, with the widths and places of each.
struct Batch {
    /// Width of the network's input.
    width: u32,
    /// Index of the line on the page, and its picture.
    lines: Vec<(usize, Grey)>,
}

impl Networks {
    /// Loads the two files from a folder and checks their sums. `threads` is how many the networks compute with.
    pub fn load(dir: &Path, threads: usize) -> Result<Self, ModelsError> {
        let detection = weights::read(dir, DETECTION)?;
        let recognition = weights::read(dir, RECOGNITION)?;
        Self::assemble(detection, &recognition, threads)
    }

    /// The same from bytes, whose sums are checked too.
    pub fn from_bytes(detection: Vec<u8>, recognition: &[u8], threads: usize) -> Result<Self, ModelsError> {
        for (bytes, file) in [(detection.as_slice(), DETECTION), (recognition, RECOGNITION)] {
            if !weights::fits(bytes, file) {
                return Err(ModelsError::Different { path: file.name.into() });
            }
        }
        Self::assemble(detection, recognition, threads)
    }

    fn assemble(detection: Vec<u8>, recognition: &[u8], threads: usize) -> Result<Self, ModelsError> {
        let (recognition, classes) = weights::recognition(recognition)?;
        Ok(Self {
            detection: weights::detection(detection)?,
            recognition,
            classes,
            threads: Arc::new(ThreadPool::with_num_threads(threads.max(1))),
        })
    }

    /// What the networks are fed for a page.
    pub fn work(&self, picture: &Grey) -> Result<Work, String> {
        let view = self.view(picture)?;
        let detection = view.as_ref().map(plane_tensor);
        let lines = view.map_or_else(|| Ok(Vec::new()), |view| self.lines(&view))?;
        let batches = batches(picture, &lines)?.iter().map(batch_tensor).collect();
        Ok(Work { detection, batches })
    }

    /// Runs the networks and nothing else.
    pub fn run(&self, work: &Work) -> Result<(), String> {
        if let Some(detection) = &work.detection {
            self.compute(&self.detection, detection)?;
        }
        work.batches.iter().try_for_each(|batch| self.compute(&self.recognition, batch).map(drop))
    }

    fn view(&self, picture: &Grey) -> Result<Option<detect::View>, String> {
        if picture::is_sound(picture) {
            Ok(detect::view(picture))
        } else {
            Err(format!("{picture:?} has another number of pixels than its size says, so it cannot be read"))
        }
    }

    /// Lines of a page in reading order.
    fn lines(&self, view: &detect::View) -> Result<Vec<Strip>, String> {
        let map = self.compute(&self.detection, &plane_tensor(view))?;
        Ok(order::reading_order(detect::lines(view, &map)))
    }

    /// What a network makes of a tensor, as it lies in memory.
    fn compute(&self, network: &Model, input: &NdTensor<f32, 4>) -> Result<Vec<f32>, String> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let sentence = |error: &dyn core::fmt::Display| {
            format!("the recognition network failed on this page ({error}); try Tesseract as the engine")
        };
        let output = network.run_one(input.view().into(), Some(options)).map_err(|error| sentence(&error))?;
        let tensor: rten_tensor::Tensor<f32> =
            output.try_into().map_err(|error: rten::TryFromValueError| sentence(&error))?;
        Ok(tensor.into_data())
    }
}

impl Recogniser for Networks {
    fn name(&self) -> String {
        "PP-OCRv6 small (rten)".to_owned()
    }

    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String> {
        let Some(view) = self.view(picture)? else { return Ok(Vec::new()) };
        let lines = self.lines(&view)?;
        let mut words: Vec<(usize, Seen)> = Vec::new();
        for batch in batches(picture, &lines)? {
            let scores = self.compute(&self.recognition, &batch_tensor(&batch))?;
            let share = scores.len() / batch.lines.len().max(1);
            for ((index, cut), scores) in batch.lines.iter().zip(scores.chunks_exact(share.max(1))) {
                let letters = line::letters(scores, &self.classes);
                let Some(strip) = lines.get(*index) else { continue };
                let pieces = line::words(&letters, cut, batch.width as usize);
                words.extend(pieces.into_iter().map(|piece| (*index, on_page(piece, strip, cut, picture))));
            }
        }
        // Stable, so the words of a line stay in their order.
        words.sort_by_key(|(line, _)| *line);
        Ok(words.into_iter().map(|(_, word)| word).collect())
    }
}

fn on_page(piece: line::Piece, strip: &Strip, cut: &Grey, picture: &Grey) -> Seen {
    let (across, down) = (strip.length / cut.width as f32, strip.height / cut.height as f32);
    let mut part = piece.area;
    part.left *= across;
    part.right *= across;
    part.top *= down;
    part.bottom *= down;
    Seen { text: piece.text, area: strip.around(part, picture), confidence: piece.confidence }
}

/// Width of a line at the height that the network takes.
fn width_of(strip: &Strip) -> u32 {
    let width = (strip.length / strip.height * LINE_HEIGHT as f32).ceil();
    (width as u32).clamp(WIDTH_STEP, MAX_WIDTH)
}

/// Cuts lines out and groups those of similar width.
fn batches(picture: &Grey, strips: &[Strip]) -> Result<Vec<Batch>, String> {
    let mut widths: Vec<(u32, usize, &Strip)> =
        strips.iter().enumerate().map(|(index, strip)| (width_of(strip), index, strip)).collect();
    let columns: u64 = widths.iter().map(|(width, _, _)| u64::from(*width)).sum();
    if columns > MAX_COLUMNS {
        return Err(format!(
            "the page has more writing than a certificate can have ({columns} columns of text, {MAX_COLUMNS} are \
             the limit)"
        ));
    }
    widths.sort_by_key(|(width, index, _)| (core::cmp::Reverse(*width), *index));
    let mut batches: Vec<Batch> = Vec::new();
    for (width, index, strip) in widths {
        let cut = picture::cut_out(picture, strip, width, LINE_HEIGHT);
        match batches.last_mut() {
            Some(batch) if joins(batch, width) => batch.lines.push((index, cut)),
            _ => batches.push(Batch { width: width.next_multiple_of(WIDTH_STEP), lines: vec![(index, cut)] }),
        }
    }
    Ok(batches)
}

fn joins(batch: &Batch, width: u32) -> bool {
    let lines = batch.lines.len() + 1;
    lines <= BATCH_LINES
        && width as f32 >= batch.width as f32 * BATCH_EVENNESS
        && batch.width.saturating_mul(u32::try_from(lines).unwrap_or(u32::MAX)) <= BATCH_COLUMNS
}

/// The networks take colour; a grey page is the same plane three times.
fn plane_tensor(view: &detect::View) -> NdTensor<f32, 4> {
    NdTensor::from_data([1, 3, view.height, view.width], view.plane.repeat(3))
}

/// Lines below each other, each filled up on the right with the grey that the network was trained with.
fn batch_tensor(batch: &Batch) -> NdTensor<f32, 4> {
    let (width, height) = (batch.width as usize, LINE_HEIGHT as usize);
    let mut values = Vec::with_capacity(batch.lines.len() * 3 * height * width);
    for (_, cut) in &batch.lines {
        let mut plane = Vec::with_capacity(height * width);
        for row in cut.pixels.chunks_exact(cut.width as usize) {
            plane.extend(row.iter().map(|pixel| f32::from(*pixel) / 127.5 - 1.0));
            plane.resize(plane.len().next_multiple_of(width), 0.0);
        }
        for _channel in 0..3 {
            values.extend_from_slice(&plane);
        }
    }
    NdTensor::from_data([batch.lines.len(), 3, height, width], values)
}

#[cfg(test)]
mod tests {
    use rten_tensor::Layout;

    use super::*;

    fn strips(lengths: &[f32]) -> Vec<Strip> {
        let strip = |length: &f32| Strip {
            corner: [0.0, 0.0],
            along: [1.0, 0.0],
            length: *length,
            height: LINE_HEIGHT as f32,
        };
        lengths.iter().map(strip).collect()
    }

    fn page() -> Grey {
        Grey { width: 64, height: 64, pixels: vec![255; 64 * 64] }
    }

    #[test]
    fn a_batch_holds_lines_of_similar_width_and_each_line_is_in_one() {
        let batches = batches(&page(), &strips(&[100.0, 800.0, 790.0, 110.0, 400.0])).unwrap();
        let indices: Vec<Vec<usize>> =
            batches.iter().map(|batch| batch.lines.iter().map(|(index, _)| *index).collect()).collect();
        assert_eq!(indices, [vec![1, 2], vec![4], vec![3, 0]]);
        assert_eq!(batches.iter().map(|batch| batch.width).collect::<Vec<_>>(), [800, 400, 112]);
    }

    #[test]
    fn batches_are_bounded_in_lines_and_columns() {
        let short = batches(&page(), &strips(&[100.0; 20])).unwrap();
        assert_eq!(short.iter().map(|batch| batch.lines.len()).collect::<Vec<_>>(), [8, 8, 4]);
        let long = batches(&page(), &strips(&[3200.0; 3])).unwrap();
        assert_eq!(long.len(), 3);
        assert_eq!(width_of(&strips(&[1e9])[0]), MAX_WIDTH);
    }

    #[test]
    fn a_page_with_too_much_writing_is_refused() {
        let error = batches(&page(), &strips(&[3_200.0; 200])).err().unwrap();
        assert!(error.contains("600000"), "{error}");
    }

    #[test]
    fn a_line_is_filled_up_on_the_right() {
        let lines = vec![(0, Grey { width: 20, height: LINE_HEIGHT, pixels: vec![255; 20 * 48] })];
        let tensor = batch_tensor(&Batch { width: 32, lines });
        assert_eq!(tensor.shape(), [1, 3, 48, 32]);
        assert_eq!([tensor[[0, 2, 47, 19]], tensor[[0, 2, 47, 20]]], [1.0, 0.0]);
    }

    #[test]
    fn the_networks_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Networks>();
    }

    #[test]
    fn other_bytes_than_the_published_ones_are_refused() {
        let error = Networks::from_bytes(vec![1, 2, 3], &[4], 1).unwrap_err();
        assert!(matches!(error, ModelsError::Different { .. }), "{error}");
    }
}
