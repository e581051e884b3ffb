//! Draws a page as a grey picture.

use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::RenderContent, hayro_syntax::page::Page,
    vello_cpu::color::palette::css::WHITE,
};

use super::{broken, text::settings};
use crate::model::{Finding, Grey};

/// Draws a page, annotations and form fields included, with this many pixels a point. The page has been surveyed.
pub(crate) fn page(page: &Page<'_>, scale: f32) -> Result<Grey, Finding> {
    let mut settings = settings();
    settings.render_content = RenderContent::all();
    let pixels = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let (width, height) = page.render_dimensions();
    if !(1.0..=8000.0).contains(&(width * scale)) || !(1.0..=8000.0).contains(&(height * scale)) {
        return Err(broken("a page has no sensible size"));
    }
    let drawn = hayro::render(page, &RenderCache::new(), &settings, &RenderSettings::default(), &pixels);
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    let grey = |pixel: &[u8]| match pixel {
        [red, green, blue, _] => crate::picture::luma(*red, *green, *blue),
        _ => 255,
    };
    let pixels = drawn.data_as_u8_slice().chunks_exact(4).map(grey).collect();
    Ok(Grey { width, height, pixels })
}
