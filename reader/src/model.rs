//! What a reader says about a document. The shapes are those of the interface `ocr` in `wit/onboarding.wit`.

/// A rectangle on a page set upright, in points (1/72 inch), origin at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rectangle {
    /// Left edge.
    pub left: f32,
    /// Top edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Bottom edge.
    pub bottom: f32,
}

/// Where a word came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordSource {
    /// The text layer of the file.
    TextLayer,
    /// Recognised from the picture of the page.
    Recognition,
}

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Its text, without spaces.
    pub text: String,
    /// Where it stands.
    pub area: Rectangle,
    /// 0 to 1; 1 for text layers.
    pub confidence: f32,
    /// Where it came from.
    pub source: WordSource,
}

/// What a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A check box with nothing in it.
    EmptyBox,
    /// A check box with a cross, a tick or a blot in it.
    TickedBox,
    /// Ink that is neither a word nor a ruled line: a signature, a stamp, a drawing.
    Ink,
    /// A line drawn through words.
    Strike,
}

/// Something on the picture of a page that is not a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// Where it stands.
    pub area: Rectangle,
    /// 0 to 1: how sure the kind is.
    pub confidence: f32,
}

/// One page, words in reading order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Width in points.
    pub width: f32,
    /// Height in points.
    pub height: f32,
    /// Words, values of form fields excluded.
    pub words: Vec<Word>,
    /// Check boxes and ink.
    pub marks: Vec<Mark>,
    /// Degrees by which the page was turned clockwise to be upright and straight.
    pub turned: f32,
}

/// One form field that has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct FormField {
    /// Full name of the field in the file.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it is a check box or radio button that is on.
    pub ticked: bool,
    /// Page, from 0, where known.
    pub page: Option<u32>,
    /// Where it stands, where known.
    pub area: Option<Rectangle>,
}

/// A whole document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Pages in order.
    pub pages: Vec<Page>,
    /// Form fields with a value.
    pub fields: Vec<FormField>,
    /// Names what read it, with versions.
    pub reader: String,
}

/// Why a document could not be read, or not made into a copy. The texts continue "…, because" and need no capital.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A picture or scan, and there is no recogniser; the text names what is needed.
    #[error("{0}")]
    NeedsRecogniser(String),
    /// Broken, encrypted, empty or of a kind that is no document; the text says which and what to do.
    #[error("{0}")]
    Unreadable(String),
    /// Beyond a limit; the text names it.
    #[error("{0}")]
    TooLarge(String),
}

/// A grey picture, row by row from the top, one byte a pixel, 0 is black.
#[derive(Clone, PartialEq, Eq)]
pub struct Grey {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` bytes.
    pub pixels: Vec<u8>,
}

impl core::fmt::Debug for Grey {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Grey({} x {})", self.width, self.height)
    }
}

/// A word found on a picture, in pixels of that picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its text, without spaces.
    pub text: String,
    /// Where it stands, in pixels.
    pub area: Rectangle,
    /// 0 to 1.
    pub confidence: f32,
}

/// Turns the picture of a page into words. A real seam: a network, a program such as Tesseract, or the host of a sandbox.
pub trait Recogniser {
    /// Name and version, for the record.
    fn name(&self) -> String;
    /// Words on a picture that is upright or nearly so, line by line. A failure is a sentence.
    fn recognise(&self, picture: &Grey) -> Result<Vec<Seen>, String>;
}
