//! What a line says: from the second network's output to characters, and from characters to words.
//!
//! The network gives, for each step along the line, how likely each class is. The likeliest class of a step counts;
//! equal classes in neighbouring steps are one character, and the class "blank" parts equal characters (CTC). Where a
//! character stood is known to a step or so, which tells which white gap between two words is theirs; the edges of the
//! words are then taken from the picture. A word ends at a space, at a drawn sign, and where the paper between two
//! characters is far wider than elsewhere in the line, as between two entries of a form.
//!
//! The confidence of a word is that of its least sure character: an id number with one doubtful digit is doubtful.

use crate::{
    model::{Grey, Rectangle},
    recognise::{ink::Ink, weights::Class},
};

/// Lines whose characters are less sure than this on average are scribble, stamps and the like, not words.
const LEAST_CONFIDENCE: f32 = 0.5;
/// A gap is wide if it has this share of the line's height …
const WIDE_GAP: f32 = 0.6;
/// … and is this many times as wide as the gap in the middle when all are sorted.
const UNUSUAL_GAP: f32 = 2.5;
/// A word in which a character was put right is no surer than this.
const SETTLED: f32 = 0.8;
/// Ink farther from a word than this share of the line's height is not part of it.
const REACH: f32 = 0.3;
/// A letter with an accent that is less sure is taken for a plain one.
const ACCENT_CONFIDENCE: f32 = 0.95;
/// A letter or figure that is this sure is not put right by its neighbours.
const CERTAIN: f32 = 0.97;

/// One character on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Letter {
    /// What it is; never [`Class::Blank`].
    pub(super) class: Class,
    /// Where its middle is, as a share of the network's whole input.
    pub(super) at: f32,
    /// How sure, 0 to 1.
    pub(super) confidence: f32,
}

/// One word on a line, its box in pixels of the picture of the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) area: Rectangle,
    pub(super) confidence: f32,
}

/// Characters of a line. `scores` has a value for each class for each step. A letter with an accent has to be nearly
/// certain, for a speck above a plain letter is far more frequent on these papers than an accent; its likelihood then
/// goes to the plain letter.
pub(super) fn letters(scores: &[f32], classes: &[Class]) -> Vec<Letter> {
    let steps = scores.len() / classes.len().max(1);
    let mut found: Vec<Letter> = Vec::new();
    let mut before = Class::Blank;
    for (step, row) in scores.chunks_exact(classes.len().max(1)).enumerate() {
        let best = row.iter().zip(classes).max_by(|one, other| one.0.total_cmp(other.0));
        let Some((&confidence, &class)) = best else { continue };
        let class = match class {
            Class::Letter(letter) if confidence < ACCENT_CONFIDENCE => Class::Letter(plain(letter)),
            class => class,
        };
        let at = (step as f32 + 0.5) / steps as f32;
        match found.last_mut().filter(|_| class == before) {
            _ if class == Class::Blank => {}
            Some(last) if last.confidence >= confidence => {}
            Some(last) => *last = Letter { class, at, confidence },
            None => found.push(Letter { class, at, confidence }),
        }
        before = class;
    }
    found
}

/// A letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        'á' | 'ä' => 'a',
        'é' | 'è' | 'ë' => 'e',
        'í' => 'i',
        'ñ' => 'n',
        'ó' | 'ö' => 'o',
        'ú' | 'ü' => 'u',
        'Á' | 'Ä' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ñ' => 'N',
        'Ó' | 'Ö' => 'O',
        'Ú' | 'Ü' => 'U',
        other => other,
    }
}

/// The figure for a letter that looks like one, or the other way round.
fn twin(character: char) -> Option<char> {
    Some(match character {
        'O' => '0',
        '0' => 'O',
        'I' | 'l' => '1',
        _ => return None,
    })
}

/// Puts right a letter that stands between figures only, or a nought between letters only, where the network was not
/// sure.
fn settle(text: &[(char, f32)]) -> String {
    let others = |at: usize, is: fn(&char) -> bool| {
        let mut rest = text.iter().enumerate().filter(|(other, (c, _))| *other != at && c.is_alphanumeric());
        let count = rest.clone().count();
        count > 0
            && rest.all(|(_, (character, _))| is(character) || twin(*character).is_some())
            && text.iter().enumerate().any(|(other, (c, _))| other != at && is(c) && twin(*c).is_none())
    };
    let settled = text.iter().enumerate().map(|(at, (character, confidence))| {
        let Some(twin) = twin(*character).filter(|_| *confidence < CERTAIN) else { return *character };
        let fits = if twin.is_ascii_digit() {
            others(at, char::is_ascii_digit)
        } else {
            others(at, char::is_ascii_alphabetic)
        };
        if fits { twin } else { *character }
    });
    settled.collect()
}

/// Words of a line. `columns` is the width of the network's input, of which the picture fills the left part.
pub(super) fn words(letters: &[Letter], picture: &Grey, columns: usize) -> Vec<Piece> {
    let width = picture.width as f32;
    let letters: Vec<Letter> = letters
        .iter()
        .map(|letter| Letter { at: letter.at * columns as f32, ..*letter })
        .filter(|letter| letter.at < width)
        .collect();
    let printed: Vec<f32> = letters
        .iter()
        .filter(|letter| matches!(letter.class, Class::Letter(_)))
        .map(|letter| letter.confidence)
        .collect();
    if printed.iter().sum::<f32>() < LEAST_CONFIDENCE * printed.len().max(1) as f32 {
        return Vec::new();
    }
    let ink = Ink::of(picture);
    let groups = groups(&letters, &ink, picture.height as f32);
    let mut bound = 0.0;
    let mut pieces = Vec::with_capacity(groups.len());
    for (at, group) in groups.iter().enumerate() {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let next = groups.get(at + 1).and_then(|next| next.first()).map(|letter| letter.at);
        let (end, next_bound) = match next {
            Some(next) => {
                let middle = f32::midpoint(last.at, next);
                ink.gap(last.at, next).unwrap_or((middle, middle))
            }
            None => (width, width),
        };
        // What stands beside a word without being read, such as the frame of a check box, is not part of its box.
        let reach = picture.height as f32 * REACH;
        let (left, right) = (ink.reach_left(first.at, bound, reach), ink.reach_right(last.at, end, reach));
        pieces.extend(piece(group, left, right, &ink, picture.height));
        bound = next_bound;
    }
    pieces
}

/// The word that a group of characters makes; none for a sign.
fn piece(group: &[Letter], left: f32, right: f32, ink: &Ink, height: u32) -> Option<Piece> {
    let characters: Vec<(char, f32)> = group
        .iter()
        .filter_map(|letter| match letter.class {
            Class::Letter(character) => Some((character, letter.confidence)),
            _ => None,
        })
        .collect();
    let text = settle(&characters);
    // What was put right by its neighbours was not quite read, and an id number may mix letters and figures.
    let changed = !text.chars().eq(characters.iter().map(|(character, _)| *character));
    let most = if changed { SETTLED } else { 1.0 };
    let confidence = characters.iter().fold(most, |least, (_, confidence)| least.min(*confidence));
    let right = right.max(left + 1.0);
    let (top, bottom) = ink.rows(left, right).unwrap_or((0.0, height as f32));
    (!text.is_empty()).then_some(Piece { text, area: Rectangle { left, top, right, bottom }, confidence })
}

/// Characters that belong together; a sign is a group of its own, spaces are in none.
fn groups(letters: &[Letter], ink: &Ink, height: f32) -> Vec<Vec<Letter>> {
    let pairs = letters.iter().zip(letters.iter().skip(1));
    let mut gaps: Vec<f32> = pairs
        .filter(|(one, other)| one.class != Class::Space && other.class != Class::Space)
        .map(|(one, other)| ink.gap(one.at, other.at).map_or(0.0, |(from, to)| to - from))
        .collect();
    gaps.sort_by(f32::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
    let wide = (height * WIDE_GAP).max(usual * UNUSUAL_GAP);

    let mut groups: Vec<Vec<Letter>> = Vec::new();
    let mut before: Option<Letter> = None;
    for letter in letters.iter().filter(|letter| letter.class != Class::Blank) {
        let joins = before.is_some_and(|before| {
            matches!((before.class, letter.class), (Class::Letter(_), Class::Letter(_)))
                && ink.gap(before.at, letter.at).is_none_or(|(from, to)| to - from < wide)
        });
        before = Some(*letter);
        match groups.last_mut() {
            _ if letter.class == Class::Space => {}
            Some(group) if joins => group.push(*letter),
            _ => groups.push(vec![*letter]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 4] = [Class::Blank, Class::Letter('a'), Class::Letter('b'), Class::Space];

    fn scores(steps: &[(usize, f32)]) -> Vec<f32> {
        let row = |(class, score): &(usize, f32)| {
            let mut row = [(1.0 - score) / 3.0; 4];
            row[*class] = *score;
            row
        };
        steps.iter().flat_map(row).collect()
    }

    #[test]
    fn equal_steps_are_one_character_and_blanks_part_equal_characters() {
        let steps = [(1, 0.8), (1, 0.9), (0, 0.9), (1, 0.7), (2, 0.6), (0, 1.0), (3, 0.99), (3, 0.95)];
        let found = letters(&scores(&steps), &CLASSES);
        let classes: Vec<_> = found.iter().map(|letter| letter.class).collect();
        assert_eq!(classes, [CLASSES[1], CLASSES[1], CLASSES[2], CLASSES[3]]);
        let confidences: Vec<_> = found.iter().map(|letter| letter.confidence).collect();
        assert_eq!(confidences, [0.9, 0.7, 0.6, 0.99], "the surest step of each");
        assert_eq!(found[0].at, 1.5 / 8.0);
        assert!(letters(&[], &CLASSES).is_empty());
        assert!(letters(&[0.5], &[]).is_empty());
    }

    #[test]
    fn an_accent_that_is_not_certain_is_a_speck() {
        let classes = [Class::Blank, Class::Letter('é'), Class::Letter('e')];
        let read = |score: f32| letters(&[0.0, score, 1.0 - score], &classes)[0].class;
        assert_eq!(read(0.99), Class::Letter('é'));
        assert_eq!(read(0.8), Class::Letter('e'));
    }

    #[test]
    fn a_doubtful_nought_goes_by_its_neighbours() {
        let read = |text: &str, confidence: f32| {
            settle(&text.chars().map(|character| (character, confidence)).collect::<Vec<_>>())
        };
        for (seen, meant) in [("227O", "2270"), ("0liver", "Oliver"), ("P.0.", "P.O."), ("2l-4O", "21-40")] {
            assert_eq!(read(seen, 0.8), meant);
            assert_eq!(read(seen, 0.99), seen, "what is certain stays");
        }
        let picture = bars(100, &[10..20, 24..34, 38..48]);
        let line = [('4', 15.0), ('O', 29.0), ('2', 43.0)].map(|(character, at)| letter(character, at));
        let found = words(&line, &picture, 320);
        assert_eq!((found[0].text.as_str(), found[0].confidence), ("402", SETTLED));
        for mixed in ["A0B1", "IL", "0O", "O", "WI0-22"] {
            assert_eq!(read(mixed, 0.8), mixed);
        }
    }

    /// A line with upright bars of ink at the columns given, from row 10 to 30.
    fn bars(width: u32, columns: &[core::ops::Range<u32>]) -> Grey {
        let all = (0..48_u32).flat_map(|y| (0..width).map(move |x| (x, y)));
        let ink =
            |(x, y): (u32, u32)| (10..30).contains(&y) && columns.iter().any(|column| column.contains(&x));
        Grey { width, height: 48, pixels: all.map(|at| if ink(at) { 20 } else { 240 }).collect() }
    }

    fn letter(character: char, at: f32) -> Letter {
        Letter { class: Class::Letter(character), at: at / 320.0, confidence: 0.9 }
    }

    #[test]
    fn words_end_at_spaces_and_their_boxes_at_the_ink() {
        let picture = bars(200, &[10..20, 24..34, 60..70, 74..84]);
        let space = Letter { class: Class::Space, ..letter(' ', 45.0) };
        let mut line =
            vec![letter('N', 15.0), letter('o', 30.0), space, letter('4', 66.0), letter('2', 80.0)];
        line[3].confidence = 0.6;
        let found = words(&line, &picture, 320);
        let area = |left, right| Rectangle { left, top: 10.0, right, bottom: 30.0 };
        let expected = [
            Piece { text: "No".to_owned(), area: area(10.0, 34.0), confidence: 0.9 },
            Piece { text: "42".to_owned(), area: area(60.0, 84.0), confidence: 0.6 },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_wide_gap_parts_words_even_without_a_space() {
        let picture = bars(300, &[10..20, 24..34, 38..48, 120..130, 134..144]);
        let line: Vec<_> = [('W', 15.0), ('I', 29.0), (':', 43.0), ('n', 125.0), ('o', 139.0)]
            .map(|(c, at)| letter(c, at))
            .into();
        let texts: Vec<_> = words(&line, &picture, 320).into_iter().map(|word| word.text).collect();
        assert_eq!(texts, ["WI:", "no"]);
    }

    #[test]
    fn evenly_spread_characters_stay_one_word() {
        let starts: Vec<u32> = (0..6).map(|at| 10 + at * 45).collect();
        let picture = bars(300, &starts.iter().map(|start| *start..start + 10).collect::<Vec<_>>());
        let line: Vec<_> =
            starts.iter().zip("123456".chars()).map(|(start, c)| letter(c, *start as f32 + 5.0)).collect();
        let texts: Vec<_> = words(&line, &picture, 320).into_iter().map(|word| word.text).collect();
        assert_eq!(texts, ["123456"]);
    }

    #[test]
    fn a_drawn_sign_parts_words_and_does_not_come_out() {
        let picture = bars(300, &[10..30, 40..50, 54..64]);
        let sign = Letter { class: Class::Sign, ..letter('x', 20.0) };
        let found = words(&[sign, letter('N', 45.0), letter('o', 58.0)], &picture, 320);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].text.as_str(), found[0].area.left, found[0].area.right), ("No", 40.0, 64.0));
    }

    #[test]
    fn the_frame_of_a_check_box_is_not_part_of_the_word_beside_it() {
        let picture = bars(300, &[10..30, 60..70, 74..84, 120..140]);
        let found = words(&[letter('N', 66.0), letter('o', 78.0)], &picture, 320);
        assert_eq!((found[0].area.left, found[0].area.right), (60.0, 84.0));
    }

    #[test]
    fn a_ruled_line_below_does_not_hide_the_gaps() {
        let mut picture = bars(100, &[10..20, 60..70]);
        picture.pixels[40 * 100..42 * 100].fill(0);
        let space = Letter { class: Class::Space, ..letter(' ', 40.0) };
        let found = words(&[letter('a', 15.0), space, letter('b', 65.0)], &picture, 320);
        assert_eq!((found[0].area.right, found[1].area.left, found[1].area.bottom), (20.0, 60.0, 30.0));
    }

    #[test]
    fn scribble_and_what_is_read_into_the_padding_are_left_out() {
        let picture = bars(100, core::slice::from_ref(&(10..20)));
        let unsure = Letter { confidence: 0.3, ..letter('a', 15.0) };
        assert!(words(&[unsure], &picture, 320).is_empty());
        assert!(words(&[letter('a', 200.0)], &picture, 320).is_empty());
    }
}
