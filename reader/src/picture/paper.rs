//! Puts pictures onto the pages of a PDF, for handing a scan in.
//!
//! A JPEG goes in as it is, byte for byte, so nothing is lost and a photo stays small. Other pictures are packed without
//! loss: black and white with one bit a pixel, grey with eight, colour with three times eight.

use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref};

use super::{Orientation, Raster, jpeg};
use crate::{model::Finding, pdf::copy::deflated};

/// What a page shows.
pub(crate) enum Sheet<'b> {
    /// A JPEG file and its header.
    Jpeg { bytes: &'b [u8], header: jpeg::Header, orientation: Orientation },
    /// Decoded pixels.
    Raster(Raster),
}

/// A PDF that grows page by page.
pub(crate) struct Paper {
    pdf: Pdf,
    next: Ref,
    catalog: Ref,
    tree: Ref,
    pages: Vec<Ref>,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let mut next = Ref::new(1);
        let (catalog, tree) = (next.bump(), next.bump());
        Self { pdf: Pdf::new(), next, catalog, tree, pages: Vec::new() }
    }

    /// Adds a page.
    pub(crate) fn add(&mut self, sheet: &Sheet<'_>) -> Result<(), Finding> {
        let (page, content, picture) = (self.next.bump(), self.next.bump(), self.next.bump());
        let (pixels, points, orientation) = match sheet {
            Sheet::Jpeg { bytes, header, orientation } => {
                self.jpeg(picture, bytes, header);
                let raster = Raster {
                    width: header.width,
                    height: header.height,
                    channels: header.components,
                    pixels: Vec::new(),
                    dpi: header.dpi,
                    orientation: *orientation,
                };
                ((header.width, header.height), raster.points_a_pixel(), *orientation)
            }
            Sheet::Raster(raster) => {
                self.raster(picture, raster)?;
                ((raster.width, raster.height), raster.points_a_pixel(), raster.orientation)
            }
        };
        let (width, height) = (pixels.0 as f32 * points.0, pixels.1 as f32 * points.1);
        let on_its_side = orientation.0 >= 5;
        let (across, down) = if on_its_side { (height, width) } else { (width, height) };
        let mut drawing = Content::new();
        drawing.transform(placed(orientation, across, down)).x_object(Name(b"Scan"));
        self.pdf.stream(content, &drawing.finish());
        let mut written = self.pdf.page(page);
        written.parent(self.tree).media_box(Rect::new(0.0, 0.0, across, down)).contents(content);
        written.resources().x_objects().pair(Name(b"Scan"), picture);
        written.finish();
        self.pages.push(page);
        Ok(())
    }

    fn jpeg(&mut self, id: Ref, bytes: &[u8], header: &jpeg::Header) {
        let mut picture = self.pdf.image_xobject(id, bytes);
        picture.filter(Filter::DctDecode);
        picture.bits_per_component(8);
        picture.width(header.width as i32).height(header.height as i32);
        match header.components {
            1 => picture.color_space().device_gray(),
            4 => picture.color_space().device_cmyk(),
            _ => picture.color_space().device_rgb(),
        }
        if header.components == 4 && header.adobe {
            picture.decode([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        }
    }

    fn raster(&mut self, id: Ref, raster: &Raster) -> Result<(), Finding> {
        let bilevel = raster.channels == 1 && raster.pixels.iter().all(|pixel| matches!(pixel, 0 | 255));
        let packed = if bilevel {
            let pack = |bits: &[u8]| {
                let byte = bits.iter().fold(0_u8, |byte, pixel| byte << 1 | (pixel >> 7));
                byte << (8 - bits.len())
            };
            let rows = raster.pixels.chunks_exact((raster.width as usize).max(1));
            deflated(&rows.flat_map(|row| row.chunks(8).map(pack)).collect::<Vec<u8>>())
        } else {
            deflated(&raster.pixels)
        };
        let packed = packed.map_err(|error| {
            Finding::Unreadable(format!("the picture could not be packed ({error}); save it as PDF"))
        })?;
        let mut picture = self.pdf.image_xobject(id, &packed);
        picture.filter(Filter::FlateDecode);
        picture.bits_per_component(if bilevel { 1 } else { 8 });
        picture.width(raster.width as i32).height(raster.height as i32);
        match raster.channels {
            1 => picture.color_space().device_gray(),
            _ => picture.color_space().device_rgb(),
        }
        Ok(())
    }

    /// The file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.pdf.catalog(self.catalog).pages(self.tree);
        let count = i32::try_from(self.pages.len()).unwrap_or(i32::MAX);
        self.pdf.pages(self.tree).kids(self.pages).count(count);
        self.pdf.finish()
    }
}

/// How the unit square of a picture is laid onto a page of this size, so that the picture is upright.
fn placed(orientation: Orientation, width: f32, height: f32) -> [f32; 6] {
    match orientation.0 {
        2 => [-width, 0.0, 0.0, height, width, 0.0],
        3 => [-width, 0.0, 0.0, -height, width, height],
        4 => [width, 0.0, 0.0, -height, 0.0, height],
        5 => [0.0, -height, -width, 0.0, width, height],
        6 => [0.0, -height, width, 0.0, 0.0, height],
        7 => [0.0, height, width, 0.0, 0.0, 0.0],
        8 => [0.0, height, -width, 0.0, width, 0.0],
        _ => [width, 0.0, 0.0, height, 0.0, 0.0],
    }
}
