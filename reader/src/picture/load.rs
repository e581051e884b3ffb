//! Decodes PNG and JPEG files.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{Orientation, Raster, jpeg, sensible_dpi};
use crate::{limits::Limits, model::Finding, pdf::weigh::picture_too_large};

/// Decodes a PNG or a JPEG.
pub(crate) fn decode(bytes: &[u8], kind: &str, limits: &Limits) -> Result<Raster, Finding> {
    let format = if kind == "image/png" { ImageFormat::Png } else { ImageFormat::Jpeg };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(allowance(limits));
    let mut decoder = reader.into_decoder().map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(picture_too_large(limits));
    }
    let orientation = decoder.orientation().map_or(Orientation(1), |found| Orientation(found.to_exif()));
    let dpi = match format {
        ImageFormat::Png => png_dpi(bytes),
        _ => jpeg::header(bytes).and_then(|header| header.dpi),
    };
    let dpi = dpi.and_then(|(across, down)| sensible_dpi(across, down, width, height));
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    let (channels, pixels) = flat(picture);
    Ok(Raster { width, height, channels, pixels, dpi, orientation })
}

/// What decoders may take: sixteen-bit colour with transparency for every pixel, and some more.
fn allowance(limits: &Limits) -> image::Limits {
    let mut allowance = image::Limits::default();
    allowance.max_alloc = Some(limits.pixels.saturating_mul(8).saturating_add(16 * 1024 * 1024));
    allowance
}

/// Pixels in grey or colour; what is transparent is seen on white paper.
fn flat(picture: DynamicImage) -> (u8, Vec<u8>) {
    match picture {
        DynamicImage::ImageLuma8(grey) => (1, grey.into_raw()),
        DynamicImage::ImageRgb8(colour) => (3, colour.into_raw()),
        DynamicImage::ImageLuma16(_) => (1, picture.into_luma8().into_raw()),
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
            let on_paper = |pixel: &image::LumaA<u8>| over_white(pixel.0[0], pixel.0[1]);
            (1, picture.into_luma_alpha8().pixels().map(on_paper).collect())
        }
        DynamicImage::ImageRgba8(_) | DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => {
            let [mut red, mut green, mut blue, mut alpha];
            let mut pixels = Vec::new();
            for pixel in picture.into_rgba8().pixels() {
                [red, green, blue, alpha] = pixel.0;
                pixels.extend([over_white(red, alpha), over_white(green, alpha), over_white(blue, alpha)]);
            }
            (3, pixels)
        }
        _ => (3, picture.into_rgb8().into_raw()),
    }
}

fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u16::from(value), u16::from(alpha));
    ((value * alpha + 255 * (255 - alpha)) / 255) as u8
}

/// The resolution in the chunk `pHYs`.
fn png_dpi(bytes: &[u8]) -> Option<(f32, f32)> {
    let head = bytes.get(..bytes.len().min(64 * 1024))?;
    let start = head.windows(4).position(|part| part == b"pHYs")? + 4;
    let body = head.get(start..start + 9)?;
    let number = |at: usize| Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?) as f32);
    // The unit 1 is the metre; 0 says nothing but the shape of a pixel.
    (body.get(8) == Some(&1)).then_some((number(0)? * 0.0254, number(4)? * 0.0254))
}

fn broken(error: &image::ImageError) -> Finding {
    match error {
        image::ImageError::Limits(_) => Finding::TooLarge(
            "the picture is too large to be decoded; scan it at a lower resolution".to_owned(),
        ),
        _ => {
            let reason: String = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
            Finding::Unreadable(format!("the picture is broken ({reason}); get a new copy of it"))
        }
    }
}
