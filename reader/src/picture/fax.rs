//! Decodes fax-coded strips (CCITT groups 3 and 4) into grey pixels.
//!
//! The decoder for PDF files serves here as well, so that a fax is read the same way whether it lies in a PDF or a TIFF.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

/// How a strip is coded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coding {
    /// TIFF's number of the compression: 2, 3 or 4.
    pub(crate) compression: u16,
    /// TIFF's options of group 3; bit 0 is two-dimensional coding, bit 2 filled ends of lines.
    pub(crate) options: u32,
    /// Whether the lowest bit of a byte comes first.
    pub(crate) low_first: bool,
    /// Whether white runs are black on paper.
    pub(crate) inverted: bool,
}

/// Decodes a strip of this size. Rows that are missing are white.
pub(crate) fn strip(data: &[u8], width: u32, rows: u32, coding: Coding) -> Vec<u8> {
    let reversed: Vec<u8>;
    let data = if coding.low_first {
        reversed = data.iter().map(|byte| byte.reverse_bits()).collect();
        &reversed
    } else {
        data
    };
    let encoding = match (coding.compression, coding.options & 1) {
        (4, _) => EncodingMode::Group4,
        (3, 1) => EncodingMode::Group3_2D,
        _ => EncodingMode::Group3_1D,
    };
    let settings = DecodeSettings {
        columns: width,
        rows,
        end_of_block: coding.compression != 2,
        end_of_line: coding.compression == 3,
        rows_are_byte_aligned: coding.compression == 2
            || (coding.compression == 3 && coding.options & 4 != 0),
        encoding,
        strict: false,
    };
    let (paper, ink) = if coding.inverted { (0, 255) } else { (255, 0) };
    let length = width as usize * rows as usize;
    let mut rows = Rows { pixels: Vec::with_capacity(length), width: width as usize, length, paper, ink };
    // What was decoded before an error is what other readers show, so it is taken.
    let _ = hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings));
    rows.pixels.resize(length, 255);
    rows.pixels
}

struct Rows {
    pixels: Vec<u8>,
    width: usize,
    length: usize,
    paper: u8,
    ink: u8,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.pixels.len();
        if start + self.width > self.length {
            return;
        }
        self.pixels.resize(start + self.width, self.paper);
        let Some(row) = self.pixels.get_mut(start..) else { return };
        for run in changes.chunks(2) {
            let from = run.first().map_or(self.width, |change| (*change as usize).min(self.width));
            let to = run.get(1).map_or(self.width, |change| (*change as usize).min(self.width));
            if let Some(run) = row.get_mut(from..to) {
                run.fill(self.ink);
            }
        }
    }
}
