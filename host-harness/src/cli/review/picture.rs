//! The picture of a page with the places marked that were read: green where the value is sure, amber where it is
//! doubtful, red where a rule found fault. Frames stand a little outside the words, so that nothing is painted over, and
//! red ones further out than the others, so that both can be seen around one value.

use document_reader::model::Grey;

use super::certificate::{Certificate, SURE, Severity};

const GREEN: [u8; 3] = [0x1a, 0x8f, 0x3c];
const AMBER: [u8; 3] = [0xe0, 0x8a, 0x00];
const RED: [u8; 3] = [0xd0, 0x16, 0x16];
/// Distance of a frame from the words, in points.
const GAP: f32 = 1.5;
/// Thickness of a frame, in points.
const STROKE: f32 = 1.0;

/// Why a picture could not be made. The texts continue "…, because".
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The picture is not what it says it is.
    #[error("its picture is broken")]
    Broken,
    /// It could not be encoded.
    #[error("its picture could not be written as PNG ({0})")]
    Encode(#[from] png::EncodingError),
}

/// A rectangle to draw, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    area: [f32; 4],
    gap: f32,
    colour: [u8; 3],
}

/// What to draw on a page (from 1), in the order in which it is drawn.
#[must_use]
pub fn frames(certificate: &Certificate, page: u32) -> Vec<Frame> {
    let fields = certificate.fields.iter().filter(|field| field.page == Some(page)).filter_map(|field| {
        let colour = if field.confidence >= SURE { GREEN } else { AMBER };
        Some(Frame { area: field.area?, gap: GAP, colour })
    });
    let findings = certificate
        .findings
        .iter()
        .filter(|finding| finding.page == Some(page) && finding.severity != Severity::Warn)
        .filter_map(|finding| Some(Frame { area: finding.area?, gap: 2.0 * GAP + STROKE, colour: RED }));
    fields.chain(findings).collect()
}

/// Draws frames on the picture of a page and encodes it as PNG.
///
/// # Errors
/// When the picture has another size than it says, or cannot be encoded.
pub fn draw(page: &Grey, points_per_pixel: f32, frames: &[Frame]) -> Result<Vec<u8>, PictureError> {
    let (width, height) = (page.width as usize, page.height as usize);
    let whole = width.checked_mul(height).is_some_and(|size| size > 0 && size == page.pixels.len());
    // From far finer than any scanner to far coarser than any screen; not a number is neither.
    if !whole || !(0.001..=100.0).contains(&points_per_pixel) {
        return Err(PictureError::Broken);
    }
    let mut canvas =
        Canvas { width, height, pixels: page.pixels.iter().flat_map(|grey| [*grey, *grey, *grey]).collect() };
    for frame in frames {
        canvas.frame(frame, points_per_pixel);
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, page.width, page.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()?;
    Ok(out)
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn frame(&mut self, frame: &Frame, points_per_pixel: f32) {
        let stroke = ((STROKE / points_per_pixel).round() as usize).max(2);
        let [left, top, right, bottom] = frame.area;
        let gap = frame.gap;
        // A cast saturates, so a place beyond the page ends at its edge.
        let pixel = |points: f32| (points / points_per_pixel).round() as usize;
        let (left, right) = (pixel(left - gap), pixel(right + gap));
        let (top, bottom) = (pixel(top - gap), pixel(bottom + gap));
        for (rows, columns) in [
            (top..top + stroke, left..right),
            (bottom.saturating_sub(stroke)..bottom, left..right),
            (top..bottom, left..left + stroke),
            (top..bottom, right.saturating_sub(stroke)..right),
        ] {
            self.fill(rows, columns, frame.colour);
        }
    }

    fn fill(&mut self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, colour: [u8; 3]) {
        let columns = columns.start.min(self.width)..columns.end.min(self.width);
        for row in rows.start..rows.end.min(self.height) {
            let begin = (row * self.width + columns.start) * 3;
            let end = (row * self.width + columns.end) * 3;
            for pixel in self.pixels.get_mut(begin..end).into_iter().flat_map(|line| line.chunks_exact_mut(3))
            {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(width: u32, height: u32) -> Grey {
        Grey { width, height, pixels: vec![255; (width * height) as usize] }
    }

    /// Colours of a PNG, by column and row.
    fn decoded(png: &[u8]) -> impl Fn(usize, usize) -> [u8; 3] + use<> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png.to_vec())).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        move |x, y| {
            let at = (y * info.width as usize + x) * 3;
            [pixels[at], pixels[at + 1], pixels[at + 2]]
        }
    }

    #[test]
    fn a_frame_is_drawn_around_a_place_and_not_over_it() {
        let frame = Frame { area: [20.0, 20.0, 40.0, 30.0], gap: 2.0, colour: GREEN };
        let png = draw(&paper(100, 80), 0.5, &[frame]).expect("draws");
        let at = decoded(&png);
        assert_eq!(at(36, 50), GREEN, "left edge, at 18 points");
        assert_eq!(at(60, 36), GREEN, "top edge");
        assert_eq!(at(83, 50), GREEN, "right edge");
        assert_eq!(at(60, 63), GREEN, "bottom edge");
        assert_eq!(at(60, 50), [255; 3], "the words");
        assert_eq!(at(30, 50), [255; 3], "outside");
    }

    #[test]
    fn places_beyond_the_page_stay_on_it() {
        let wild = [
            [-9_000.0, -9_000.0, 9_000.0, 9_000.0],
            [90.0, 70.0, 9_000.0, 9_000.0],
            [5_000.0, 5_000.0, 6_000.0, 6_000.0],
        ];
        let frames: Vec<_> = wild.into_iter().map(|area| Frame { area, gap: 1.0, colour: RED }).collect();
        let at = decoded(&draw(&paper(100, 80), 1.0, &frames).expect("draws"));
        assert_eq!(at(0, 40), RED);
        assert_eq!(at(95, 69), RED);
        assert_eq!(at(50, 40), [255; 3]);
    }

    #[test]
    fn a_picture_that_is_not_what_it_says_is_refused() {
        let mut short = paper(10, 10);
        short.pixels.pop();
        assert!(matches!(draw(&short, 1.0, &[]), Err(PictureError::Broken)));
        assert!(matches!(draw(&paper(0, 0), 1.0, &[]), Err(PictureError::Broken)));
        assert!(matches!(draw(&paper(10, 10), f32::NAN, &[]), Err(PictureError::Broken)));
        assert!(matches!(draw(&paper(10, 10), 0.0, &[]), Err(PictureError::Broken)));
    }

    #[test]
    fn faults_are_red_doubts_amber_and_the_rest_green() {
        let certificate = Certificate::of(&serde_json::json!({
            "fields": [
                { "field": "purchaser", "page": 0, "area": [1, 1, 2, 2], "confidence": 0.98 },
                { "field": "number", "page": 0, "area": [1, 3, 2, 4], "confidence": 0.6 },
                { "field": "seller", "page": 1, "area": [1, 3, 2, 4], "confidence": 0.6 },
                { "field": "reason", "page": 0, "confidence": 0.6 },
            ],
            "findings": [
                { "rule": "signature-missing", "severity": "fail", "page": 0, "area": [1, 5, 2, 6] },
                { "rule": "revision-unknown", "severity": "warn", "page": 0, "area": [1, 7, 2, 8] },
            ],
        }))
        .expect("an object");
        let colours: Vec<_> = frames(&certificate, 1).iter().map(|frame| frame.colour).collect();
        assert_eq!(colours, [GREEN, AMBER, RED]);
    }
}
