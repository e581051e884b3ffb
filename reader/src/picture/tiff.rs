//! Decodes TIFF files page by page.
//!
//! The library reads directories and every compression but the older fax ones; fax-coded strips go through the decoder
//! for fax instead, all three groups alike. Pages that are reduced copies or masks of others are no pages of a document
//! and are left out.

use std::io::Cursor;

use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits as Allowance},
    tags::Tag,
};

use super::{Orientation, Raster, fax, sensible_dpi};
use crate::{limits::Limits, model::Finding, pdf::weigh::picture_too_large};

/// An opened TIFF.
pub(crate) struct Tiff<'b> {
    bytes: &'b [u8],
    decoder: Decoder<Cursor<&'b [u8]>>,
    /// Directories that are pages.
    pages: Vec<usize>,
    limits: Limits,
}

/// Opens a file and counts its pages.
pub(crate) fn open<'b>(bytes: &'b [u8], limits: &Limits) -> Result<Tiff<'b>, Finding> {
    let decoder = Decoder::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut decoder = decoder.with_limits(allowance(limits));
    let mut pages = Vec::new();
    // A page of a document may have a reduced copy and a mask.
    for directory in 0..limits.pages * 3 {
        // Bit 0 marks a reduced copy, bit 2 a mask.
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten().unwrap_or(0);
        if kind & 5 == 0 {
            pages.push(directory);
        }
        if !decoder.more_images() || decoder.next_image().is_err() {
            break;
        }
    }
    if pages.len() > limits.pages {
        return Err(Finding::TooLarge(format!(
            "the document has more than {} pages, the limit; split it into its certificates",
            limits.pages
        )));
    }
    if pages.is_empty() {
        return Err(Finding::Unreadable("the TIFF has no page; get a new copy of it".to_owned()));
    }
    Ok(Tiff { bytes, decoder, pages, limits: *limits })
}

fn allowance(limits: &Limits) -> Allowance {
    let mut allowance = Allowance::default();
    let most = usize::try_from(limits.pixels.saturating_mul(4)).unwrap_or(usize::MAX);
    allowance.decoding_buffer_size = most;
    allowance.intermediate_buffer_size = most;
    allowance
}

impl Tiff<'_> {
    /// How many pages it has.
    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    /// Decodes a page, by its number from 0.
    pub(crate) fn page(&mut self, number: usize) -> Result<Raster, Finding> {
        let directory =
            *self.pages.get(number).ok_or_else(|| crate::pdf::no_such_page(number, self.pages.len()))?;
        let fail = |error: TiffError| broken(&error);
        self.decoder.seek_to_image(directory).map_err(fail)?;
        let (width, height) = self.decoder.dimensions().map_err(fail)?;
        if width == 0 || height == 0 {
            return Err(Finding::Unreadable(format!("page {} of the TIFF is empty", number + 1)));
        }
        if u64::from(width) * u64::from(height) > self.limits.pixels {
            return Err(picture_too_large(&self.limits));
        }
        let dpi = self.dpi(width, height);
        let orientation = match self.number(Tag::Orientation) {
            Some(orientation @ 1..=8) => Orientation(orientation as u8),
            _ => Orientation(1),
        };
        let compression = self.number(Tag::Compression).unwrap_or(1);
        let (channels, pixels) = match u16::try_from(compression) {
            Ok(compression @ 2..=4) => (1, self.fax(width, height, compression)?),
            _ => self.plain(width, height)?,
        };
        Ok(Raster { width, height, channels, pixels, dpi, orientation })
    }

    fn number(&mut self, tag: Tag) -> Option<u32> {
        self.decoder.find_tag_unsigned(tag).ok().flatten()
    }

    fn dpi(&mut self, width: u32, height: u32) -> Option<(f32, f32)> {
        let mut resolution = |tag| match self.decoder.find_tag(tag).ok()?? {
            tiff::decoder::ifd::Value::Rational(above, below) => Some(above as f32 / below as f32),
            other => other.into_u32().ok().map(|number| number as f32),
        };
        let (across, down) = (resolution(Tag::XResolution)?, resolution(Tag::YResolution)?);
        let factor = match self.number(Tag::ResolutionUnit) {
            Some(1) => return None,
            Some(3) => 2.54,
            _ => 1.0,
        };
        sensible_dpi(across * factor, down * factor, width, height)
    }

    fn fax(&mut self, width: u32, height: u32, compression: u16) -> Result<Vec<u8>, Finding> {
        let fail = |error: TiffError| broken(&error);
        let offsets = self.decoder.get_tag_u64_vec(Tag::StripOffsets).map_err(fail)?;
        let lengths = self.decoder.get_tag_u64_vec(Tag::StripByteCounts).map_err(fail)?;
        let rows = self.number(Tag::RowsPerStrip).unwrap_or(height).clamp(1, height);
        let coding = fax::Coding {
            compression,
            options: self.number(Tag::Unknown(292)).unwrap_or(0),
            low_first: self.number(Tag::FillOrder) == Some(2),
            inverted: self.number(Tag::PhotometricInterpretation) == Some(1),
        };
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for (number, (offset, length)) in offsets.iter().zip(&lengths).enumerate() {
            let done = u32::try_from(number).unwrap_or(u32::MAX).saturating_mul(rows);
            if done >= height {
                break;
            }
            let start = usize::try_from(*offset).unwrap_or(usize::MAX).min(self.bytes.len());
            let end =
                start.saturating_add(usize::try_from(*length).unwrap_or(usize::MAX)).min(self.bytes.len());
            let data = self.bytes.get(start..end).unwrap_or_default();
            pixels.extend(fax::strip(data, width, rows.min(height - done), coding));
        }
        pixels.resize(width as usize * height as usize, 255);
        Ok(pixels)
    }

    fn plain(&mut self, width: u32, height: u32) -> Result<(u8, Vec<u8>), Finding> {
        let fail = |error: TiffError| broken(&error);
        let colour = self.decoder.colortype().map_err(fail)?;
        let map = match colour {
            ColorType::Palette(_) => self.decoder.get_tag_u16_vec(Tag::ColorMap).map_err(fail)?,
            _ => Vec::new(),
        };
        let samples = match self.decoder.read_image().map_err(fail)? {
            DecodingResult::U8(bytes) => bytes,
            DecodingResult::U16(words) => words.into_iter().map(|word| (word >> 8) as u8).collect(),
            _ => return Err(unsupported()),
        };
        let size = width as usize * height as usize;
        let (channels, mut pixels) = match colour {
            ColorType::Gray(bits @ 1..=8) => (1, unpacked(&samples, width as usize, bits, true)),
            ColorType::Gray(16) => (1, samples),
            ColorType::Palette(bits @ 1..=8) => {
                let third = map.len() / 3;
                let colour = |index: u8, part: usize| {
                    map.get(part * third + usize::from(index)).map_or(255, |value| (value >> 8) as u8)
                };
                let indexes = unpacked(&samples, width as usize, bits, false);
                (3, indexes.into_iter().flat_map(|index| [0, 1, 2].map(|part| colour(index, part))).collect())
            }
            ColorType::RGB(8 | 16) => (3, samples),
            ColorType::GrayA(8 | 16) => {
                (1, samples.chunks_exact(2).map(|pixel| over_white(pixel, 0)).collect())
            }
            ColorType::RGBA(8 | 16) => (
                3,
                samples
                    .chunks_exact(4)
                    .flat_map(|pixel| [0, 1, 2].map(|part| over_white(pixel, part)))
                    .collect(),
            ),
            ColorType::YCbCr(8) => (3, samples.chunks_exact(3).flat_map(from_ycbcr).collect()),
            ColorType::CMYK(8) => (3, samples.chunks_exact(4).flat_map(from_inks).collect()),
            _ => return Err(unsupported()),
        };
        // What is missing at the end of a cut-off file is paper.
        pixels.resize(size * usize::from(channels), 255);
        Ok((channels, pixels))
    }
}

/// Takes samples of less than a byte apart; rows begin at bytes.
fn unpacked(samples: &[u8], width: usize, bits: u8, stretch: bool) -> Vec<u8> {
    if bits == 8 {
        return samples.to_vec();
    }
    let most = ((1_u16 << bits) - 1) as u8;
    let row_bytes = (width * usize::from(bits)).div_ceil(8).max(1);
    let mut pixels = Vec::with_capacity(samples.len() * 8 / usize::from(bits));
    for row in samples.chunks(row_bytes) {
        for x in 0..width {
            let bit = x * usize::from(bits);
            let two = [row.get(bit / 8), row.get(bit / 8 + 1)].map(|byte| byte.copied().unwrap_or(0));
            let shift = 16 - usize::from(bits) - bit % 8;
            let value = (u16::from_be_bytes(two) >> shift) as u8 & most;
            pixels.push(if stretch { (u16::from(value) * 255 / u16::from(most)) as u8 } else { value });
        }
    }
    pixels
}

fn over_white(pixel: &[u8], part: usize) -> u8 {
    let value = u16::from(pixel.get(part).copied().unwrap_or(255));
    let alpha = u16::from(pixel.last().copied().unwrap_or(255));
    ((value * alpha + 255 * (255 - alpha)) / 255) as u8
}

fn from_ycbcr(pixel: &[u8]) -> [u8; 3] {
    let [y, cb, cr] = [0, 1, 2].map(|part| f32::from(pixel.get(part).copied().unwrap_or(128)));
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [y + 1.402 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.772 * cb].map(|value| value.clamp(0.0, 255.0) as u8)
}

fn from_inks(pixel: &[u8]) -> [u8; 3] {
    let part = |part: usize| 255 - u16::from(pixel.get(part).copied().unwrap_or(0));
    [0, 1, 2].map(|ink| (part(ink) * part(3) / 255) as u8)
}

fn unsupported() -> Finding {
    Finding::Unreadable(
        "the TIFF stores its colours in a way that is not read; save it as PNG or PDF".to_owned(),
    )
}

fn broken(error: &TiffError) -> Finding {
    match error {
        TiffError::LimitsExceeded => {
            Finding::TooLarge("the TIFF is too large to be decoded; scan it at a lower resolution".to_owned())
        }
        TiffError::UnsupportedError(_) => Finding::Unreadable(
            "the TIFF is packed in a way that is not read; save it as PNG or PDF".to_owned(),
        ),
        _ => {
            let reason: String = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
            Finding::Unreadable(format!("the TIFF is broken ({reason}); get a new copy of it"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_are_taken_apart_row_by_row() {
        assert_eq!(unpacked(&[0b1010_0000, 0b0100_0000], 3, 1, true), [255, 0, 255, 0, 255, 0]);
        assert_eq!(unpacked(&[0x1F, 0x20], 3, 4, false), [1, 15, 2]);
        assert_eq!(unpacked(&[0b0001_1011], 4, 2, true), [0, 85, 170, 255]);
    }
}
