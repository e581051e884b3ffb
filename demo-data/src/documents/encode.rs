//! Pictures as files: PNG, JPEG, and TIFF of one or several pages.
//!
//! Encoders of libraries do the work, except for the frame of TIFF: no library here writes one-bit pages with the
//! fax coding, and its tags are few. Every file says how many dots make an inch.

use std::borrow::Cow;

use fax::{Color, VecWriter, encoder::Encoder};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::jpeg::{JpegEncoder, PixelDensity},
};

use super::raster::Grey;
use crate::DemoError;

/// A grey PNG.
pub(crate) fn png(grey: &Grey, dpi: u32, name: &str) -> Result<Vec<u8>, DemoError> {
    let failed = |source| DemoError::Picture { name: name.to_owned(), source };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, grey.width, grey.height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let metre = dpi * 10_000 / 254;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: metre, yppu: metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&grey.pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// A JPEG: grey, or with the warm cast of a lamp.
pub(crate) fn jpeg(
    grey: &Grey,
    dpi: u32,
    quality: u8,
    is_warm: bool,
    name: &str,
) -> Result<Vec<u8>, DemoError> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.set_pixel_density(PixelDensity::dpi(u16::try_from(dpi).unwrap_or(u16::MAX)));
    let (pixels, kind): (Cow<'_, [u8]>, _) = if is_warm {
        let warm = |tone: &u8| [*tone, tone.saturating_sub(*tone / 24), tone.saturating_sub(*tone / 9)];
        (grey.pixels.iter().flat_map(warm).collect(), ExtendedColorType::Rgb8)
    } else {
        (Cow::Borrowed(&grey.pixels), ExtendedColorType::L8)
    };
    encoder
        .write_image(&pixels, grey.width, grey.height, kind)
        .map_err(|source| DemoError::Jpeg { name: name.to_owned(), source })?;
    Ok(bytes)
}

/// How the pages of a TIFF are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Fax coding of group 4.
    Fax,
    /// Deflate.
    Deflate,
}

/// Rows of one bit a pixel, a set bit is black.
pub(crate) fn bits(grey: &Grey) -> Vec<u8> {
    let wide = usize::try_from(grey.width).unwrap_or(1).max(1);
    let mut bytes = Vec::with_capacity(grey.pixels.len() / 8 + 1);
    for row in grey.pixels.chunks(wide) {
        for eight in row.chunks(8) {
            let mut byte = 0;
            for (at, pixel) in eight.iter().enumerate() {
                if *pixel < 128 {
                    byte |= 0x80_u8 >> at;
                }
            }
            bytes.push(byte);
        }
    }
    bytes
}

/// The page in the fax coding of group 4.
pub(crate) fn fax_coded(grey: &Grey) -> Vec<u8> {
    let wide = usize::try_from(grey.width).unwrap_or(1).max(1);
    let width = u16::try_from(grey.width).unwrap_or(u16::MAX);
    let mut encoder = Encoder::new(VecWriter::new());
    for row in grey.pixels.chunks(wide) {
        let colours = row.iter().map(|pixel| if *pixel < 128 { Color::Black } else { Color::White });
        // Writing to memory has no error to give.
        let Ok(()) = encoder.encode_line(colours, width);
    }
    let Ok(writer) = encoder.finish();
    writer.finish()
}

/// A black-and-white TIFF of these pages.
pub(crate) fn tiff(pages: &[Grey], dpi: u32, packing: Packing) -> Vec<u8> {
    let mut bytes = vec![b'I', b'I', 42, 0, 0, 0, 0, 0];
    // Where the offset of the next directory has to be filled in.
    let mut link = 4;
    for page in pages {
        let data = match packing {
            Packing::Fax => fax_coded(page),
            Packing::Deflate => miniz_oxide::deflate::compress_to_vec_zlib(&bits(page), 6),
        };
        let data_at = length(&bytes);
        bytes.extend_from_slice(&data);
        align(&mut bytes);
        let ratio_at = length(&bytes);
        for _ in 0..2 {
            bytes.extend_from_slice(&dpi.to_le_bytes());
            bytes.extend_from_slice(&1_u32.to_le_bytes());
        }
        let directory = length(&bytes);
        patch(&mut bytes, link, directory);
        let code = if packing == Packing::Fax { 4 } else { 8 };
        let tags: [(u16, u16, u32); 12] = [
            (256, 4, page.width),
            (257, 4, page.height),
            (258, 3, 1),
            (259, 3, code),
            // White is zero.
            (262, 3, 0),
            (273, 4, data_at),
            (277, 3, 1),
            (278, 4, page.height),
            (279, 4, length(&data)),
            (282, 5, ratio_at),
            (283, 5, ratio_at + 8),
            (296, 3, 2),
        ];
        bytes.extend_from_slice(&12_u16.to_le_bytes());
        for (tag, kind, value) in tags {
            bytes.extend_from_slice(&tag.to_le_bytes());
            bytes.extend_from_slice(&kind.to_le_bytes());
            bytes.extend_from_slice(&1_u32.to_le_bytes());
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        link = bytes.len();
        bytes.extend_from_slice(&0_u32.to_le_bytes());
    }
    bytes
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn align(bytes: &mut Vec<u8>) {
    if !bytes.len().is_multiple_of(2) {
        bytes.push(0);
    }
}

fn patch(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}
