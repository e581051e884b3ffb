//! The three things that can be asked of a document: its words, a picture of a page, a copy for handing in.

use crate::{
    kind,
    limits::Limits,
    marks,
    model::{Finding, FormField, Grey, Page, Reading, Recogniser},
    pdf,
    picture::{Orientation, Raster, jpeg, load, paper, tiff},
    scan,
};

/// Pixels a point of pages that are drawn to be looked at: 150 dots an inch.
const DRAWN: f32 = 150.0 / 72.0;
/// Long side of a picture for a reviewer: a letter page at 150 dots an inch.
const SHOWN: u32 = 1650;
/// What this crate is called in readings.
const NAME: &str = concat!("document-reader ", env!("CARGO_PKG_VERSION"));

/// The picture of a page, upright and straight.
#[derive(Debug, Clone, PartialEq)]
pub struct PagePicture {
    /// The picture.
    pub picture: Grey,
    /// Points that a pixel measures; a place of the [`Reading`] divided by it is a place on the picture.
    pub points_a_pixel: f32,
}

/// Reads a document. Without a recogniser, documents with a page that has no text layer are refused.
pub fn read(bytes: &[u8], recogniser: Option<&dyn Recogniser>, limits: &Limits) -> Result<Reading, Finding> {
    let kind = checked(bytes, limits)?;
    guarded(|| match kind {
        "application/pdf" => read_pdf(bytes, recogniser, limits),
        _ => read_pictures(bytes, kind, recogniser, limits),
    })
}

/// Draws a page, by its number from 0. `turned` is that of the page in the reading, which the picture then agrees with;
/// without it, the page is set upright as far as that can be told without reading it.
pub fn picture(
    bytes: &[u8],
    page: usize,
    turned: Option<f32>,
    limits: &Limits,
) -> Result<PagePicture, Finding> {
    let kind = checked(bytes, limits)?;
    guarded(|| {
        let sheet = if kind == "application/pdf" {
            let opened = pdf::open(bytes, limits)?;
            let found = opened.page(page)?;
            let fields = pdf::fields::of_page(&opened, found, page);
            let text = pdf::text::read(found, page, &fields.places, limits)?;
            if text.is_digital {
                let picture = pdf::draw::page(found, DRAWN.min(SHOWN as f32 / text.size.0.max(text.size.1)))?;
                let points_a_pixel = text.size.0 / picture.width.max(1) as f32;
                return Ok(PagePicture { picture, points_a_pixel });
            }
            scan_of(found, text.size)?
        } else {
            let raster = Pictures::open(bytes, kind, limits)?.page(page)?;
            scan_of_raster(raster)
        };
        // The same way as for reading, and made smaller only at the end: so places agree to the pixel.
        let upright = scan::set_upright(sheet, turned);
        let long = upright.picture.width.max(upright.picture.height);
        let picture = crate::picture::scale::within(&upright.picture, SHOWN);
        let scale = long as f32 / picture.width.max(picture.height).max(1) as f32;
        Ok(PagePicture { picture, points_a_pixel: upright.points_a_pixel * scale })
    })
}

/// Makes a PDF of some pages (the first, from 0, and how many) or of all, for handing in: nothing in it can be filled in
/// or run.
pub fn upload_copy(bytes: &[u8], pages: Option<(usize, usize)>, limits: &Limits) -> Result<Vec<u8>, Finding> {
    let kind = checked(bytes, limits)?;
    guarded(|| {
        if kind == "application/pdf" {
            let opened = pdf::open(bytes, limits)?;
            if opened.is_dynamic_form() {
                return Err(pdf::dynamic_form());
            }
            let (first, count) = pages.unwrap_or((0, opened.pdf.pages().len()));
            return pdf::copy::pages(&opened, first, count);
        }
        let mut pictures = Pictures::open(bytes, kind, limits)?;
        let (first, count) = pages.unwrap_or((0, pictures.len()));
        let end = first.checked_add(count).filter(|end| *end <= pictures.len() && count > 0);
        let end = end.ok_or_else(|| {
            pdf::no_such_page(first.saturating_add(count).saturating_sub(1), pictures.len())
        })?;
        let mut copy = paper::Paper::new();
        for number in first..end {
            let raster = pictures.page(number)?;
            match jpeg::header(bytes).filter(|_| kind == "image/jpeg") {
                Some(header) if matches!(header.components, 1 | 3 | 4) => {
                    copy.add(&paper::Sheet::Jpeg { bytes, header, orientation: raster.orientation })?;
                }
                _ => copy.add(&paper::Sheet::Raster(raster))?,
            }
        }
        Ok(copy.finish())
    })
}

/// The kind of a document, if it is one that is read.
fn checked(bytes: &[u8], limits: &Limits) -> Result<&'static str, Finding> {
    if bytes.len() as u64 > limits.bytes {
        return Err(Finding::TooLarge(format!(
            "the document has {} bytes and the limit is {} MiB; scan it at a lower resolution or split it",
            bytes.len(),
            limits.bytes / 1024 / 1024
        )));
    }
    if bytes.is_empty() {
        return Err(Finding::Unreadable("the document is empty; get it again from where it came".to_owned()));
    }
    match kind::media_type(bytes) {
        kind @ ("application/pdf" | "image/png" | "image/jpeg" | "image/tiff") => Ok(kind),
        other => Err(kind::refusal(other)),
    }
}

/// Runs work that may stumble in a library. In a sandbox a panic ends the sandbox, and its host says the same.
fn guarded<T>(work: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    #[cfg(not(target_family = "wasm"))]
    return crate::native::without_panic(work);
    #[cfg(target_family = "wasm")]
    work()
}

fn read_pdf(bytes: &[u8], recogniser: Option<&dyn Recogniser>, limits: &Limits) -> Result<Reading, Finding> {
    let opened = pdf::open(bytes, limits)?;
    if opened.is_dynamic_form() {
        return Err(pdf::dynamic_form());
    }
    let mut pages = Vec::new();
    let mut fields: Vec<FormField> = Vec::new();
    let mut recognised = false;
    for number in 0..opened.pdf.pages().len() {
        let page = opened.page(number)?;
        let found = pdf::fields::of_page(&opened, page, number);
        let mut text = pdf::text::read(page, number, &found.places, limits)?;
        let filled = !found.fields.is_empty();
        fields.extend(found.fields);
        fields.truncate(limits.fields);
        if text.is_digital || filled {
            let (width, height) = text.size;
            let picture = pdf::draw::page(page, DRAWN.min(4000.0 / width.max(height)))?;
            let scale = picture.width as f32 / width;
            let marks = marks::find(&picture, scale, &mut text.words, &found.places, limits);
            pages.push(Page { width, height, words: text.words, marks, turned: 0.0 });
        } else {
            let recogniser = recogniser.ok_or_else(needs_recogniser)?;
            recognised = true;
            let sheet = scan::set_upright(scan_of(page, text.size)?, None);
            pages.push(scan::read(sheet, recogniser, limits)?);
        }
    }
    if is_waiting(&pages) && fields.is_empty() {
        return Err(pdf::dynamic_form());
    }
    let blank = pages.iter().all(|page| page.words.is_empty() && page.marks.is_empty());
    if blank && fields.is_empty() && !recognised {
        return Err(Finding::Unreadable(
            "the PDF shows neither text nor a picture; get a new copy of it".to_owned(),
        ));
    }
    let reader = reader_name(recogniser.filter(|_| recognised));
    Ok(Reading { pages, fields, reader })
}

/// The page that other programs show of a dynamic form: "Please wait... If this message is not eventually replaced".
fn is_waiting(pages: &[Page]) -> bool {
    let [page] = pages else { return false };
    let text: Vec<&str> = page.words.iter().take(200).map(|word| word.text.as_str()).collect();
    let text = text.join(" ");
    text.contains("Please wait") && text.contains("not eventually replaced")
}

/// A page of a PDF drawn for recognition.
fn scan_of(
    page: &hayro::hayro_syntax::page::Page<'_>,
    (width, height): (f32, f32),
) -> Result<(Grey, f32), Finding> {
    let long = width.max(height);
    let picture = pdf::draw::page(page, scan::LONG_SIDE as f32 / long)?;
    let points_a_pixel = long / picture.width.max(picture.height).max(1) as f32;
    Ok(scan::prepared(picture, (points_a_pixel, points_a_pixel), scan::LONG_SIDE))
}

fn scan_of_raster(raster: Raster) -> (Grey, f32) {
    let (across, down) = raster.points_a_pixel();
    let on_its_side = raster.orientation.0 >= 5;
    let points = if on_its_side { (down, across) } else { (across, down) };
    let (guessed, grey) = (raster.dpi.is_none(), raster.into_grey());
    let (picture, points_a_pixel) = scan::prepared(grey, points, scan::LONG_SIDE);
    if guessed {
        // The sheet is what is eleven inches long, not the table around it.
        let long = picture.width.max(picture.height).max(1) as f32;
        return (picture, 11.0 * crate::picture::INCH / long);
    }
    (picture, points_a_pixel)
}

fn read_pictures(
    bytes: &[u8],
    kind: &str,
    recogniser: Option<&dyn Recogniser>,
    limits: &Limits,
) -> Result<Reading, Finding> {
    let mut pictures = Pictures::open(bytes, kind, limits)?;
    let mut pages = Vec::new();
    for number in 0..pictures.len() {
        // Decoded before anything is said about engines: a broken picture is no better with one.
        let raster = pictures.page(number)?;
        let recogniser = recogniser.ok_or_else(needs_recogniser)?;
        let sheet = scan::set_upright(scan_of_raster(raster), None);
        pages.push(scan::read(sheet, recogniser, limits)?);
    }
    Ok(Reading { pages, fields: Vec::new(), reader: reader_name(recogniser) })
}

fn reader_name(recogniser: Option<&dyn Recogniser>) -> String {
    let name = match recogniser {
        Some(recogniser) => format!("{NAME}, {}", recogniser.name()),
        None => NAME.to_owned(),
    };
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn needs_recogniser() -> Finding {
    Finding::NeedsRecogniser(
        "this is a picture or scan without text; reading it takes a recognition engine, which is not set up here"
            .to_owned(),
    )
}

/// The pages of a picture file.
enum Pictures<'b> {
    /// A PNG or JPEG, which is one page.
    One { bytes: &'b [u8], kind: &'b str, limits: Limits },
    /// A TIFF.
    Tiff(Box<tiff::Tiff<'b>>),
}

impl<'b> Pictures<'b> {
    fn open(bytes: &'b [u8], kind: &'b str, limits: &Limits) -> Result<Self, Finding> {
        if kind == "image/tiff" {
            return Ok(Self::Tiff(Box::new(tiff::open(bytes, limits)?)));
        }
        Ok(Self::One { bytes, kind, limits: *limits })
    }

    fn len(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Tiff(tiff) => tiff.len(),
        }
    }

    fn page(&mut self, number: usize) -> Result<Raster, Finding> {
        let raster = match self {
            Self::One { .. } if number > 0 => return Err(pdf::no_such_page(number, 1)),
            Self::One { bytes, kind, limits } => load::decode(bytes, kind, limits)?,
            Self::Tiff(tiff) => tiff.page(number)?,
        };
        if raster.width.min(raster.height) < 32 {
            return Err(Finding::Unreadable(format!(
                "the picture has only {} by {} pixels, too few for a document; get a better copy",
                raster.width, raster.height
            )));
        }
        Ok(Raster { orientation: Orientation(raster.orientation.0.clamp(1, 8)), ..raster })
    }
}
