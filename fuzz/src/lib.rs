//! What several fuzz targets need: checks of what a parser let through, and stand-ins for the outside.
//!
//! A target takes hostile bytes, runs one parser, and asserts what the rest of the product relies on: sizes, counts,
//! values that mean what they say, the same answer twice. Not panicking is the least of it. One input often has several
//! parts (answers, entries, rows); [`parts`] splits it at a byte that no text holds, so that a mutation of one part leaves
//! the others alone.

pub mod customers;
pub mod documents;
pub mod memory;
pub mod network;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Splits an input at the record separator of ASCII.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0x1e)
}

/// The text of bytes, if they are text.
pub fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The result of a future that never waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something"),
    }
}

/// A sentence that is shown to a person: there is one, it is bounded, and it cannot steer a terminal.
pub fn check_sentence(sentence: &str, most: usize) {
    assert!(!sentence.trim().is_empty(), "nothing is said");
    assert!(sentence.chars().count() <= most, "{} characters: {sentence:?}", sentence.chars().count());
    assert!(!sentence.chars().any(|c| c.is_control() && c != '\n'), "{sentence:?}");
}

/// A day as the contract writes it.
pub fn check_day(day: &str) {
    let read: jiff::civil::Date = day.parse().unwrap_or_else(|error| panic!("{day:?}: {error}"));
    assert_eq!(read.to_string(), day);
}
