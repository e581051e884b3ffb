//! Reads certificate documents from strangers: what stands on which page, where, and how sure that is.
//!
//! Everything that takes a document's bytes apart is in this crate and nowhere else, so that it can run natively in a
//! host or, compiled to a component, in a sandbox of its own. Bytes go in; words, marks and page pictures come out.
//! Turning the picture of a page into words is behind [`Recogniser`], because a neural network over plain pixels is not
//! what has to be locked up: the sandboxed reader asks its host for it.
//!
//! | what | where |
//! |---|---|
//! | what comes out | [`model`] |
//! | bounds | [`limits`] |
//! | turning pictures into words, with the feature `recognition` | `recognise` |

pub mod limits;
pub mod model;
#[cfg(feature = "recognition")]
pub mod recognise;
