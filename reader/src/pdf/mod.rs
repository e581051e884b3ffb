//! PDF files: opened behind guards, then asked for words, form fields, drawn pages and copies.
//!
//! One interpreter (`hayro`) does everything, so there is one set of habits to know. It is lazy and iterative in the
//! dangerous places, but has no bounds on what streams unpack to, how often forms are drawn and how large pictures are.
//! Those are set here, in three steps before anything is drawn: streams are measured in the raw file (`before`),
//! measured again as the parser sees them together with the sizes of pictures (`weigh`), and the work of each page is
//! counted through all the forms it draws (`cost`). What then runs is finite and small.

use hayro::hayro_syntax::{
    DecryptionError, LoadPdfError, Pdf,
    object::{Dict, Object},
    page::Page,
};

use crate::{limits::Limits, model::Finding};

mod before;
pub(crate) mod copy;
mod cost;
pub(crate) mod draw;
pub(crate) mod fields;
pub(crate) mod object;
mod survey;
pub(crate) mod text;
mod unpack;
pub(crate) mod weigh;
pub(crate) mod words;

/// An opened file whose streams, pictures and pages are within the limits.
pub(crate) struct Opened {
    pub(crate) pdf: Pdf,
    pub(crate) limits: Limits,
}

/// Opens a file.
pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Finding> {
    before::scan(bytes, limits)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Finding::Unreadable(
            "the PDF asks for a password; open it, print it to a new PDF, and put that in its place".to_owned(),
        ),
        LoadPdfError::Decryption(_) => Finding::Unreadable(
            "the PDF is encrypted in a way that is not supported; print it to a new PDF and put that in its place"
                .to_owned(),
        ),
        LoadPdfError::Invalid => broken("its structure cannot be made out"),
    })?;
    let count = pdf.pages().len();
    if count == 0 {
        return Err(broken("it has no page"));
    }
    if count > limits.pages {
        return Err(Finding::TooLarge(format!(
            "the document has {count} pages and the limit is {}; split it into its certificates",
            limits.pages
        )));
    }
    weigh::streams(&pdf, limits)?;
    Ok(Opened { pdf, limits: *limits })
}

impl Opened {
    /// The catalog.
    pub(crate) fn catalog(&self) -> Dict<'_> {
        let xref = self.pdf.xref();
        xref.get::<Dict<'_>>(xref.root_id()).unwrap_or_default()
    }

    /// A page, by its number from 0, if drawing it is little enough work.
    pub(crate) fn page(&self, number: usize) -> Result<&Page<'_>, Finding> {
        let page =
            self.pdf.pages().get(number).ok_or_else(|| no_such_page(number, self.pdf.pages().len()))?;
        let (width, height) = page.render_dimensions();
        if !(width.is_finite() && height.is_finite())
            || width.max(height) > MAX_SIDE
            || width.min(height) < MIN_SIDE
        {
            return Err(Finding::TooLarge(format!(
                "page {} measures {width:.0} by {height:.0} points, which no paper does; print the PDF to a new one",
                number + 1
            )));
        }
        cost::check(page, number, &self.limits)?;
        Ok(page)
    }

    /// Whether the file is only the shell of a form that one company's viewer fills at run time.
    pub(crate) fn is_dynamic_form(&self) -> bool {
        let form = self.catalog().get::<Dict<'_>>("AcroForm").unwrap_or_default();
        form.contains_key("XFA")
            && (self.catalog().get::<bool>("NeedsRendering") == Some(true) || !has_fields(&form))
    }
}

/// Longest side of a page in points: a little more than the longest paper that is scanned (36 by 48 inches).
const MAX_SIDE: f32 = 4000.0;
/// Shortest side of a page in points.
const MIN_SIDE: f32 = 20.0;

fn has_fields(form: &Dict<'_>) -> bool {
    form.get::<hayro::hayro_syntax::object::Array<'_>>("Fields")
        .is_some_and(|fields| fields.iter::<Object<'_>>().next().is_some())
}

/// The refusal of a dynamic form.
pub(crate) fn dynamic_form() -> Finding {
    Finding::Unreadable(
        "this is a dynamic XFA form that only Adobe Acrobat shows; open it there, print it to a new PDF, and put that \
         in its place"
            .to_owned(),
    )
}

/// The refusal of a damaged file.
pub(crate) fn broken(what: &str) -> Finding {
    Finding::Unreadable(format!("the PDF is broken ({what}); get a new copy of it, or print it to a new PDF"))
}

/// The refusal of a page that is not there.
pub(crate) fn no_such_page(number: usize, count: usize) -> Finding {
    Finding::Unreadable(format!("the document has no page {}; it has {count}", number + 1))
}

/// The refusal of a file that unpacks to too much.
pub(crate) fn unpacks_to_too_much(limits: &Limits) -> Finding {
    Finding::TooLarge(format!(
        "the PDF unpacks to more than {} MiB; print it to a new PDF, or scan it at a lower resolution",
        limits.unpacked / 1024 / 1024
    ))
}
