//! How many words of a document were read, and how many of those read are there.
//!
//! Words are compared as they are, letter by letter, but not by place: the place counts where it matters, which is in
//! the fields. Signatures and stamps need not be read; where they were, it is no mistake.

use std::collections::HashMap;
use std::ops::AddAssign;

use ecms_onboarding::model::ocr::Reading;
use serde::Serialize;

use crate::truth::{SegmentKind, Truth};

/// Counts of words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Words that are there.
    pub truth: usize,
    /// Words that were read, without those of signatures and stamps.
    pub read: usize,
    /// Words that are there and were read.
    pub same: usize,
}

impl Words {
    /// Share of the words there that were read.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        crate::totals::share(self.same, self.truth)
    }

    /// Share of the words read that are there.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        crate::totals::share(self.same, self.read)
    }
}

impl AddAssign for Words {
    fn add_assign(&mut self, other: Self) {
        self.truth += other.truth;
        self.read += other.read;
        self.same += other.same;
    }
}

/// Compares the words of pages `from..to` with what a certificate says.
#[must_use]
pub fn compare(truth: &Truth, reading: &Reading, from: usize, to: usize) -> Words {
    let pages = reading.pages.iter().take(to).skip(from);
    let words = pages.flat_map(|page| page.words.iter().map(|word| word.text.as_str()));
    // A field whose page the file does not tell belongs to the first certificate.
    let on_them = |page: Option<u32>| (from..to).contains(&page.map_or(0, |page| page as usize));
    let fields = reading.fields.iter().filter(|field| !field.ticked && on_them(field.page));
    let read = words.chain(fields.map(|field| field.value.as_str()));
    let said = |signature: bool| {
        let segments = truth.segments.iter();
        segments.filter(move |it| (it.kind == SegmentKind::Signature) == signature).map(|it| it.text.as_str())
    };
    let stamps = truth.degradation.stamps.iter().map(String::as_str);
    count(said(false), said(true).chain(stamps), read)
}

fn count<'a>(
    said: impl Iterator<Item = &'a str>,
    needless: impl Iterator<Item = &'a str>,
    read: impl Iterator<Item = &'a str>,
) -> Words {
    let mut words = Words::default();
    let mut open = HashMap::new();
    for word in said.flat_map(str::split_whitespace) {
        words.truth += 1;
        *open.entry(word).or_insert(0_usize) += 1;
    }
    let mut left = HashMap::new();
    for word in read.flat_map(str::split_whitespace) {
        if taken(&mut open, word) {
            words.same += 1;
        } else {
            *left.entry(word).or_insert(0_usize) += 1;
        }
    }
    for word in needless.flat_map(str::split_whitespace) {
        taken(&mut left, word);
    }
    words.read = words.same + left.values().sum::<usize>();
    words
}

/// Takes a word out, if it is in.
fn taken(from: &mut HashMap<&str, usize>, word: &str) -> bool {
    match from.get_mut(word) {
        Some(times) if *times > 0 => {
            *times -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_as_often_as_they_stand_there() {
        let words =
            count(["no tax", "no"].into_iter(), [].into_iter(), ["no", "no", "no", "Tax"].into_iter());
        assert_eq!(words, Words { truth: 3, read: 4, same: 2 });
        assert_eq!(words.precision(), Some(0.5));
    }

    #[test]
    fn signatures_and_stamps_may_be_read_but_need_not() {
        let unread = count(["Signature"].into_iter(), ["Ann Other"].into_iter(), ["Signature"].into_iter());
        assert_eq!(unread, Words { truth: 1, read: 1, same: 1 });
        let read =
            count(["Ann"].into_iter(), ["Ann RECEIVED"].into_iter(), ["Ann", "Ann", "REC"].into_iter());
        assert_eq!(read, Words { truth: 1, read: 2, same: 1 });
    }

    #[test]
    fn nothing_is_no_share() {
        assert_eq!(Words::default().recall(), None);
    }
}
