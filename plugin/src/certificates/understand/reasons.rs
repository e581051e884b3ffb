//! Why a certificate exempts: fixed by the form, ticked, or in words.

use crate::certificates::rules::{BoxMeaning, Field, ReasonFrom, keywords};
use crate::certificates::understand::boxes::Ticked;
use crate::certificates::understand::record::{Certificate, Seen};
use crate::certificates::understand::text::{Chunk, Sheet, plain};
use crate::certificates::understand::values::{How, Value};

/// The reason: fixed by the form, ticked, or in words.
pub(super) fn work_out(certificate: &mut Certificate, sheet: &Sheet, seen: &Seen) {
    let from = certificate.form.map_or(ReasonFrom::BoxesOrText, |form| form.reason);
    let mut found: Vec<char> = Vec::new();
    let boxes = matches!(from, ReasonFrom::Boxes | ReasonFrom::BoxesOrText);
    for it in seen.ticked.iter().filter(|_| boxes) {
        if let Some(BoxMeaning::Reason(code)) = it.meaning {
            crate::order::add(&mut found, code);
            let (raw, confidence) = (it.caption.clone(), it.confidence);
            let text = code.to_string();
            let (page, area, how) = (it.page, Some(it.area), How::Box);
            certificate.put(Value { field: Field::Reason, text, raw, page, area, how, confidence });
        }
    }
    let unclear = seen.ticked.iter().find(|it| it.meaning == Some(BoxMeaning::ReasonUnclear));
    if let ReasonFrom::Fixed(code) = from {
        found = vec![code];
    }
    if found.is_empty() && matches!(from, ReasonFrom::Text | ReasonFrom::BoxesOrText) || unclear.is_some() {
        let mut words = certificate.text(Field::Reason).to_owned();
        if let Some(it) = unclear {
            // What is written under the box says which of its reasons is meant; its own print does not.
            words.clone_from(&it.below);
            let (text, raw, page, area) = (it.below.clone(), it.below.clone(), it.page, Some(it.area));
            certificate.put(Value {
                field: Field::Reason,
                text,
                raw,
                page,
                area,
                how: How::Box,
                confidence: it.confidence,
            });
        }
        if words.is_empty() && certificate.form.is_some_and(|form| form.issued_by_state) {
            // A letter says it somewhere in its text.
            let telling = |chunk: &&Chunk| {
                let words = sheet.plain(chunk.from, chunk.to);
                ["organiz", "exemptas", "purpose", "category"].iter().any(|word| words.contains(word))
            };
            let sentences = sheet.chunks.iter().filter(telling).map(|chunk| sheet.text(chunk.from, chunk.to));
            words = sentences.collect::<Vec<_>>().join(" \n ");
        }
        for code in in_words(&words) {
            crate::order::add(&mut found, code);
        }
    }
    // The boxes of "state or local government" do not tell which; the purchaser's name does.
    if found == ['B'] && government(certificate.text(Field::Purchaser)) == Some('N') {
        found = vec!['N'];
    }
    let is_reason =
        |it: &&Ticked| matches!(it.meaning, Some(BoxMeaning::Reason(_) | BoxMeaning::ReasonUnclear));
    certificate.reason_boxes = seen.ticked.iter().filter(|_| boxes).filter(is_reason).count();
    // "Other (explain)" without a word says nothing.
    let explained = |it: &Ticked| {
        !it.caption.to_ascii_lowercase().contains("explain") || it.below.chars().any(char::is_alphabetic)
    };
    let silent = seen.ticked.iter().any(|it| it.meaning == Some(BoxMeaning::Reason('L')) && !explained(it));
    certificate.use_code = match found.as_slice() {
        [one] if !(silent && *one == 'L') => Some(*one),
        _ => None,
    };
    if silent {
        found.retain(|code| *code != 'L');
    }
    certificate.reasons = found;
}

/// Entity/use codes that words name. A phrase within a longer one does not count again.
pub(super) fn in_words(words: &str) -> Vec<char> {
    let mut text = plain(words);
    let mut found = Vec::new();
    // Longest phrases come first; what they took is blotted out.
    for length in (3..=40).rev() {
        for keyword in keywords().filter(|keyword| keyword.phrase.len() == length) {
            if text.contains(keyword.phrase) {
                crate::order::add(&mut found, keyword.use_code);
                text = text.replace(keyword.phrase, "\n");
            }
        }
    }
    found
}

/// The code of a government, if a name is one.
pub(super) fn government(name: &str) -> Option<char> {
    let name = name.to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    if begins(&["city of ", "county of ", "town of ", "village of ", "township of ", "borough of "])
        || name.ends_with(" county")
    {
        Some('N')
    } else if begins(&["state of ", "commonwealth of "]) {
        Some('B')
    } else if begins(&["united states ", "u.s. ", "us department"]) {
        Some('A')
    } else {
        None
    }
}
