//! Pictures: PNG, JPEG and TIFF decoded into plain pixels, set upright, and asked for what is drawn on them.
//!
//! Sizes are checked on the header before a single pixel is decoded, and every picture ends in one of two simple forms,
//! grey or colour with eight bits, so that the rest of the crate knows nothing of formats.

use crate::model::Grey;

pub(crate) mod bilevel;
pub(crate) mod fax;
pub(crate) mod jpeg;
pub(crate) mod load;
pub(crate) mod paper;
pub(crate) mod scale;
pub(crate) mod sheet;
pub(crate) mod tiff;
pub(crate) mod upright;

/// Points of an inch.
pub(crate) const INCH: f32 = 72.0;
/// Length of the long side of a sheet in points where the file does not say: US Letter.
const LONG_SIDE: f32 = 792.0;

/// How a picture has to be turned to be seen as it was taken: EXIF orientation 1 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orientation(pub(crate) u8);

/// A decoded picture.
#[derive(Debug, Clone)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 for grey, 3 for red, green and blue.
    pub(crate) channels: u8,
    /// Row by row, `channels` bytes a pixel.
    pub(crate) pixels: Vec<u8>,
    /// Pixels an inch across and down, where the file says something sensible.
    pub(crate) dpi: Option<(f32, f32)>,
    pub(crate) orientation: Orientation,
}

impl Raster {
    /// The picture in grey, turned as its orientation asks.
    pub(crate) fn into_grey(self) -> Grey {
        let orientation = self.orientation;
        let pixels = if self.channels == 1 {
            self.pixels
        } else {
            let grey = |pixel: &[u8]| match pixel {
                [red, green, blue] => luma(*red, *green, *blue),
                _ => 255,
            };
            self.pixels.chunks_exact(3).map(grey).collect()
        };
        oriented(Grey { width: self.width, height: self.height, pixels }, orientation)
    }

    /// Points a pixel across and down, before it is turned.
    pub(crate) fn points_a_pixel(&self) -> (f32, f32) {
        match self.dpi {
            Some((across, down)) => (INCH / across, INCH / down),
            None => {
                let scale = LONG_SIDE / self.width.max(self.height).max(1) as f32;
                (scale, scale)
            }
        }
    }
}

/// A resolution, unless it is none that a scanner or camera would mean: 72 and 96 are what programs write who do not
/// know, and would make a page of a photo as large as a door.
pub(crate) fn sensible_dpi(across: f32, down: f32, width: u32, height: u32) -> Option<(f32, f32)> {
    let near = across / down;
    let sides = (width as f32 / across, height as f32 / down);
    let sane = (90.0..=1250.0).contains(&across)
        && (0.4..=2.5).contains(&near)
        && sides.0.max(sides.1) <= 18.0
        && sides.0.max(sides.1) >= 3.0;
    sane.then_some((across, down))
}

/// How bright a colour is seen.
pub(crate) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29) >> 8) as u8
}

/// Turns and mirrors a picture as an EXIF orientation says.
fn oriented(picture: Grey, Orientation(orientation): Orientation) -> Grey {
    match orientation {
        2 => mirrored(&picture),
        3 => quarter_turns(&picture, 2),
        4 => mirrored(&quarter_turns(&picture, 2)),
        5 => mirrored(&quarter_turns(&picture, 1)),
        6 => quarter_turns(&picture, 1),
        7 => mirrored(&quarter_turns(&picture, 3)),
        8 => quarter_turns(&picture, 3),
        _ => picture,
    }
}

fn mirrored(picture: &Grey) -> Grey {
    let rows = picture.pixels.chunks_exact((picture.width as usize).max(1));
    Grey { pixels: rows.flat_map(|row| row.iter().rev().copied()).collect(), ..*picture }
}

/// Turns a picture clockwise by quarter turns.
pub(crate) fn quarter_turns(picture: &Grey, turns: u8) -> Grey {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let at = |x: usize, y: usize| picture.pixels.get(y * width + x).copied().unwrap_or(255);
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    match turns % 4 {
        1 => {
            for x in 0..width {
                pixels.extend((0..height).rev().map(|y| at(x, y)));
            }
        }
        2 => pixels.extend(picture.pixels.iter().rev()),
        3 => {
            for x in (0..width).rev() {
                pixels.extend((0..height).map(|y| at(x, y)));
            }
        }
        _ => pixels.extend_from_slice(&picture.pixels),
    }
    if turns.is_multiple_of(2) {
        Grey { width: picture.width, height: picture.height, pixels }
    } else {
        Grey { width: picture.height, height: picture.width, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Grey {
        Grey { width: 3, height: 2, pixels: vec![1, 2, 3, 4, 5, 6] }
    }

    #[test]
    fn quarter_turns_go_clockwise() {
        assert_eq!(quarter_turns(&picture(), 1).pixels, [4, 1, 5, 2, 6, 3]);
        assert_eq!(quarter_turns(&picture(), 1).width, 2);
        assert_eq!(quarter_turns(&picture(), 2).pixels, [6, 5, 4, 3, 2, 1]);
        assert_eq!(quarter_turns(&picture(), 3).pixels, [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn orientations_are_undone() {
        // What a camera stores for each orientation when it sees 1 2 3 above 4 5 6.
        for (orientation, width, stored) in [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [3, 6, 2, 5, 1, 4]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [4, 1, 5, 2, 6, 3]),
        ] {
            let stored = Grey { width, height: 6 / width, pixels: stored.to_vec() };
            assert_eq!(oriented(stored, Orientation(orientation)), picture(), "{orientation}");
        }
    }

    #[test]
    fn resolutions_that_nobody_meant_are_not_believed() {
        assert!(sensible_dpi(300.0, 300.0, 2550, 3300).is_some());
        assert!(sensible_dpi(204.0, 98.0, 1728, 1078).is_some());
        assert!(sensible_dpi(72.0, 72.0, 3000, 4000).is_none());
        assert!(sensible_dpi(96.0, 96.0, 3000, 4000).is_none());
        assert!(sensible_dpi(f32::NAN, 300.0, 2550, 3300).is_none());
        assert!(sensible_dpi(300.0, 0.0, 2550, 3300).is_none());
    }
}
