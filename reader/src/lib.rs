//! Reads certificate documents from strangers: what stands on which page, where, and how sure that is.
//!
//! Everything that takes a document's bytes apart is in this crate and nowhere else, so that it can run natively in a
//! host or, compiled to a component, in a sandbox of its own. Bytes go in; words, marks and page pictures come out.
//! Turning the picture of a page into words is behind [`Recogniser`], because a neural network over plain pixels is not
//! what has to be locked up: the sandboxed reader asks its host for it.
//!
//! Four functions are all of it: [`media_type`], [`read`], [`picture`] and [`upload_copy`]. They use no thread, clock,
//! file or randomness. Natively, `native::guarded` runs them with a deadline.
//!
//! | what | where |
//! |---|---|
//! | what comes out | [`model`] |
//! | bounds | [`limits`] |
//! | turning pictures into words, with the feature `recognition` | `recognise` |
//! | which kind of file it is | `kind` |
//! | PDF: text, fields, drawing, copies, and the guards before them | `pdf` |
//! | PNG, JPEG, TIFF: decoding, straightening, paper for uploads | `picture` |
//! | check boxes, ink, strikes | `marks` |
//! | from the picture of a page to its words | `scan` |

mod document;
mod geometry;
mod kind;
pub mod limits;
mod marks;
pub mod model;
#[cfg(not(target_family = "wasm"))]
pub mod native;
mod pdf;
mod picture;
#[cfg(feature = "recognition")]
pub mod recognise;
mod scan;

pub use document::{PagePicture, picture, read, upload_copy};
pub use kind::media_type;
pub use limits::Limits;
pub use model::{Finding, Reading, Recogniser};
