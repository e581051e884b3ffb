//! Measures how well certificates are read.
//!
//! A folder holds documents, the right answers in `truth.json`, and the customers they belong to in `customers.json`.
//! Every document goes the way it goes in the product: the reader finds words and marks, the component's own functions
//! understand, judge and match them. Nothing is decided here; what came out is only held against what is right.
//!
//! | step | module |
//! |---|---|
//! | the right answers | [`truth`] |
//! | reading files, several at a time, and keeping what was read | [`readings`], [`stored`] |
//! | words | [`words`] |
//! | fields | [`fields`] |
//! | one document: fields, form, judgement, customer | [`evaluate`] |
//! | groups of documents, and what has to hold | [`totals`], [`musts`] |
//! | tables for people, JSON for machines | [`print`](mod@print), [`report`] |
//!
//! Documents with a planted fault are made to be turned down: what is wrong with them is not held against the reader,
//! so they count where faults and wrong acceptances are counted and nowhere else.

pub mod error;
pub mod evaluate;
pub mod fields;
pub mod musts;
pub mod print;
pub mod readings;
pub mod report;
pub mod stored;
pub mod totals;
pub mod truth;
pub mod words;

/// The day on which all answers hold, `YYYY-MM-DD`.
pub const TODAY: &str = "2026-11-22";
