//! Values beside, above or below their labels.
//!
//! Forms put a value right of its label, above it on a ruled line, or below it in a cell. What stands to the right is
//! taken where there is something; for the other labels the page itself tells: each has a nearer neighbour above or
//! below, and the side most labels of the page agree on is the side of that page. A form whose values stand to the right
//! throughout has no other side: a label with nothing beside it is an empty one.

use crate::certificates::rules::Field;
use crate::certificates::understand::labels::Found;
use crate::certificates::understand::shape;
use crate::certificates::understand::text::{Chunk, Sheet, height, overlap};
use crate::model::ocr::{MarkKind, Rectangle};
use crate::order::{rising, sorted};

/// Farthest a value may stand right of its label, in points.
const FARTHEST: f32 = 320.0;
/// Widest gap between a label and a value above or below it, in heights of the label.
const NEAR: f32 = 2.6;
/// Distances above and below that differ by less say nothing, in points.
const NEARLY: f32 = 2.0;
/// Words from which on a chunk is running text and no value.
const RUNNING: usize = 14;

/// How a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Beside, above or below its label.
    Label,
    /// The value of a form field.
    FormField,
    /// A ticked box.
    Box,
    /// By its shape.
    Pattern,
    /// Worked out by a rule.
    Rule,
    /// A person said so.
    Person,
}

impl How {
    /// As records spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::FormField => "form-field",
            Self::Box => "box",
            Self::Pattern => "pattern",
            Self::Rule => "rule",
            Self::Person => "person",
        }
    }
}

/// A value on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub field: Field,
    /// As it counts.
    pub text: String,
    /// As read.
    pub raw: String,
    /// Page, from 0.
    pub page: usize,
    /// Where it stands; none for what a rule or a person said.
    pub area: Option<Rectangle>,
    /// How it was found.
    pub how: How,
    /// 0 to 1: the least sure of its words.
    pub confidence: f32,
}

/// Side of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// Tokens above or below a label, and how far off they are in points.
type Near = ((usize, usize), f32);
/// A label without a value: its line, its page, how its neighbours look (1: only the one above looks like its value, -1:
/// only the one below), and how far off what is its own is above and below.
type Open = (usize, usize, i32, Option<f32>, Option<f32>);

/// Values of all labels of a sheet, and for each label without one an entry with an empty text. What is `taken`, such as
/// a table, is nobody's value.
#[must_use]
pub fn find(sheet: &Sheet, labels: &[Found], taken: Option<(usize, usize)>) -> Vec<Value> {
    let mut claimed = vec![false; sheet.tokens.len()];
    if let Some((from, to)) = taken {
        claim(&mut claimed, from, to);
    }
    for label in labels {
        for (from, to) in core::iter::once((label.from, label.to)).chain(label.more.iter().copied()) {
            claim(&mut claimed, from, to);
        }
    }
    let mut spans: Vec<Option<(usize, usize)>> = Vec::with_capacity(labels.len());
    for label in labels {
        let span = right_of(sheet, label, labels, &claimed);
        if let Some((from, to)) = span {
            claim(&mut claimed, from, to);
        }
        spans.push(span);
    }
    let sides = sides(sheet, labels, &spans, &claimed);
    for ((label, span), side) in labels.iter().zip(&mut spans).zip(sides) {
        let (None, Some(side)) = (*span, side) else { continue };
        *span = neighbour(sheet, label, labels, side, &claimed).map(|(span, _)| span);
        if let Some((from, to)) = *span {
            claim(&mut claimed, from, to);
        }
    }
    labels.iter().zip(spans).map(|(label, span)| value(sheet, label, span)).collect()
}

/// On which side of each label its value stands, if not beside it.
///
/// Labels of one line have their values on the same side, so each line votes by its nearer neighbours; a line that
/// cannot say takes the side most of its page has. A neighbour much farther off than is usual on the page is nobody's.
fn sides(
    sheet: &Sheet,
    labels: &[Found],
    spans: &[Option<(usize, usize)>],
    claimed: &[bool],
) -> Vec<Option<Side>> {
    let find = |label: &Found, side| neighbour(sheet, label, labels, side, claimed);
    let free = |label: &Found, span: &Option<(usize, usize)>| span.is_none() && !label.heading;
    let both: Vec<[Option<Near>; 2]> = labels
        .iter()
        .zip(spans)
        .map(|(label, span)| {
            if free(label, span) {
                [find(label, Side::Above), find(label, Side::Below)]
            } else {
                [None, None]
            }
        })
        .collect();
    let looks = |label: &Found, it: &Option<Near>| {
        it.map(|((from, to), _)| shape::fits(label.field, &sheet.text(from, to)))
    };
    // 1 if only what is above looks like the value, -1 if only what is below does.
    let better = |label: &Found, [above, below]: &[Option<Near>; 2]| {
        looks(label, above).zip(looks(label, below)).map_or(0, |(up, down)| (up - down).signum())
    };
    // What stands nearer to another label, and is the nearest that one has, is that one's value.
    let favourites: Vec<Near> = labels
        .iter()
        .zip(&both)
        .filter_map(|(label, both)| match both {
            [Some(up), Some(down)] => {
                let near = (up.1 - down.1).abs() < 2.0 * NEARLY;
                let above = match better(label, both) {
                    0 => up.1 < down.1,
                    better if near => better > 0,
                    _ => up.1 < down.1,
                };
                Some(if above { *up } else { *down })
            }
            [one, other] => one.or(*other),
        })
        .collect();
    let nearest = |from: usize| {
        let gaps = favourites.iter().filter(|((other, _), _)| *other == from);
        gaps.map(|(_, gap)| *gap).fold(f32::MAX, f32::min)
    };
    let own = |it: &Option<Near>| it.and_then(|((from, _), gap)| (gap <= nearest(from) + 0.8).then_some(gap));
    let open: Vec<Option<Open>> = labels
        .iter()
        .zip(spans)
        .zip(&both)
        .map(|((label, span), both)| {
            let [above, below] = both;
            free(label, span).then(|| (label.line, label.page, better(label, both), own(above), own(below)))
        })
        .collect();
    let vote = |up: Option<f32>, down: Option<f32>| match (up, down) {
        (Some(up), Some(down)) if (up - down).abs() < NEARLY => 0_i32,
        (Some(up), Some(down)) if up < down => 1,
        (Some(_), None) => 1,
        (_, Some(_)) => -1,
        (None, None) => 0,
    };
    let row_votes = |wanted: usize| -> i32 {
        open.iter()
            .flatten()
            .filter(|(line, ..)| *line == wanted)
            .map(|(.., better, up, down)| match vote(*up, *down) {
                0 => *better,
                vote => vote,
            })
            .sum()
    };
    // Over a whole page even small differences count, if they all say the same.
    let page_votes = |wanted: usize| -> i32 {
        let on_page = || open.iter().flatten().filter(|(_, page, ..)| *page == wanted);
        let pairs = on_page().filter_map(|(.., up, down)| Some((*up)? - (*down)?));
        let looks: i32 = on_page().map(|(_, _, better, ..)| 2 * better).sum();
        let leaning: i32 = looks + pairs.map(|more| if more < 0.0 { 1 } else { -1 }).sum::<i32>();
        if leaning == 0 { on_page().map(|(.., up, down)| vote(*up, *down)).sum() } else { leaning }
    };
    let usual = |wanted: usize| {
        let gaps = open.iter().flatten().filter(|(_, page, ..)| *page == wanted);
        let nearest = gaps.filter_map(|(.., up, down)| match (up, down) {
            (Some(up), Some(down)) => Some(up.min(*down)),
            (one, other) => one.or(*other),
        });
        let nearest = sorted(nearest.collect(), |gap| (rising(*gap), 0));
        nearest.get(nearest.len() / 2).copied().unwrap_or_default().max(1.0)
    };
    let beside = |wanted: usize| {
        let on_page = labels.iter().zip(spans).filter(|(label, _)| label.page == wanted);
        on_page.filter(|(_, span)| span.is_some()).count()
    };
    open.iter()
        .map(|it| {
            let (line, page, _, up, down) = (*it)?;
            let (row, all) = (row_votes(line), page_votes(page));
            // Where values stand to the right throughout, a label with nothing beside it is empty.
            let few = open
                .iter()
                .flatten()
                .filter(|(_, of, _, up, down)| *of == page && vote(*up, *down) != 0)
                .count();
            // A line of several labels, such as the one that is signed, may differ from the rest.
            let of_its_own = row.abs() >= 2 && up.into_iter().chain(down).any(|gap| gap < 8.0);
            if beside(page) > 2 * few && !of_its_own {
                return None;
            }
            let side = if row > 0 || (row == 0 && all > 0) { Side::Above } else { Side::Below };
            let own = if side == Side::Above { up } else { down };
            own.filter(|gap| *gap <= 2.2 * usual(page) + 14.0).map(|_| side)
        })
        .collect()
}

/// The tokens right of a label, up to the next label or check box on its line.
fn right_of(sheet: &Sheet, label: &Found, labels: &[Found], claimed: &[bool]) -> Option<(usize, usize)> {
    let lines = core::iter::once((label.from, label.to)).chain(label.more.iter().copied());
    lines.into_iter().find_map(|(from, to)| {
        let line_end = sheet.line_end(from);
        // What precedes a label in its chunk is part of its print.
        let begin =
            |at: usize| sheet.chunk_of(at).map_or(at, |chunk| if chunk.from >= to { chunk.from } else { at });
        let next_label = labels
            .iter()
            .map(|other| other.from)
            .filter(|at| (to..line_end).contains(at))
            .map(begin)
            .min()
            .unwrap_or(line_end);
        let mut end = to;
        let mut last = sheet.area(from, to);
        for at in to..next_label {
            let token = sheet.tokens.get(at)?;
            let gap = token.area.left - last.right;
            let far = if end == to { gap > FARTHEST } else { gap > allowed_gap(label.field, &token.area) };
            // Print after a filled-in field goes on with the sentence that the field stands in.
            let print = at > to && !token.field && sheet.tokens.get(at - 1).is_some_and(|it| it.field);
            if far || print || claimed.get(at) != Some(&false) || is_caption(sheet, at) {
                break;
            }
            last = token.area;
            end = at + 1;
        }
        // A number or letter that counts the next label is no part of the value.
        let counts = |at: usize| sheet.tokens.get(at).is_some_and(|token| token.plain.len() <= 2);
        let starts_chunk = |at: usize| sheet.chunk_of(at).is_some_and(|chunk| chunk.from == at);
        if end == next_label && next_label < line_end && end == to + 1 && counts(to) && starts_chunk(to) {
            end = to;
        }
        (end > to && !is_empty(&sheet.text(to, end))).then_some((to, end))
    })
}

/// The value above or below a label, in its column, and how far off it is.
fn neighbour(sheet: &Sheet, label: &Found, labels: &[Found], side: Side, claimed: &[bool]) -> Option<Near> {
    let limit = NEAR * height(&sheet.area(label.from, label.to)).min(14.0);
    let colon =
        sheet.tokens.get(label.end().saturating_sub(1)).is_some_and(|token| token.text.ends_with(':'));
    let counted = || {
        sheet
            .chunk_of(label.from)
            .is_some_and(|it| is_heading(&sheet.plain(it.from, (it.from + 2).min(it.to))))
    };
    if side == Side::Above && (colon || counted()) {
        // What a colon or a heading announces comes after it.
        return None;
    }
    let column_end = labels
        .iter()
        .filter(|other| other.line == label.line && other.area.left > label.area.left + 1.0)
        .map(|other| other.area.left - 4.0)
        .fold(f32::MAX, f32::min);
    let free = |chunk: &Chunk| {
        (chunk.from..chunk.to).all(|at| claimed.get(at) == Some(&false))
            && !is_caption(sheet, chunk.from)
            && chunk.to - chunk.from < RUNNING
            && !is_heading(&sheet.plain(chunk.from, (chunk.from + 2).min(chunk.to)))
            && !is_empty(&sheet.text(chunk.from, chunk.to))
    };
    // Above a label of several lines is above its first line, below it is below its last.
    let label_end = match (side, label.more.last()) {
        (Side::Below, Some((from, to))) => sheet.area(*from, *to),
        _ => sheet.area(label.from, label.to),
    };
    let column = column(sheet, label);
    let in_column = |chunk: &Chunk| {
        let area = &chunk.area;
        let lined_up = area.left > column.0 - 24.0 && area.left < column.1 + 12.0;
        let shared = overlap((area.left, area.right), column) > 0.3;
        (lined_up || shared) && area.left < column_end && area.right > column.0
    };
    // Boxes of recognised words may be too tall, so distances are taken from their middles.
    let middle = |area: &Rectangle| f32::midpoint(area.top, area.bottom);
    let half = |area: &Rectangle| height(area).min(11.0) / 2.0;
    let gap = |chunk: &Chunk| {
        let apart = middle(&chunk.area) - middle(&label_end);
        let apart = if side == Side::Above { -apart } else { apart };
        apart - half(&chunk.area) - half(&label_end)
    };
    let candidates = sheet.chunks.iter().filter(|chunk| {
        let beyond = if side == Side::Above { chunk.line < label.line } else { chunk.line > label.line };
        chunk.page == label.page && beyond && in_column(chunk) && (-5.0..limit).contains(&gap(chunk))
    });
    let nearest = candidates.reduce(|one, other| if gap(other) < gap(one) { other } else { one })?;
    if !free(nearest) {
        return None;
    }
    // What stands in the same column further right belongs to it, where a value may have gaps.
    let mut end = nearest.to;
    let rest = sheet.chunks.iter().filter(|it| it.line == nearest.line && it.from >= nearest.to);
    let mut last = nearest.area;
    for chunk in rest {
        let apart = chunk.area.left - last.right > allowed_gap(label.field, &chunk.area);
        if apart || chunk.area.left >= column_end || !free(chunk) {
            break;
        }
        end = chunk.to;
        last = chunk.area;
    }
    Some(((nearest.from, end), gap(nearest).max(0.0)))
}

/// From where to where a label's column goes. A sentence that ends in the label has its value under the whole of it, and
/// a label in brackets stands under the middle of its line.
fn column(sheet: &Sheet, label: &Found) -> (f32, f32) {
    let own = (label.area.left, label.area.right);
    let Some(chunk) = sheet.chunk_of(label.from) else { return own };
    let last = sheet.tokens.get(label.to.saturating_sub(1));
    if label.to == chunk.to && last.is_some_and(|token| token.text.ends_with(':')) {
        return (chunk.area.left, chunk.area.right);
    }
    let alone = sheet.chunks.iter().filter(|it| it.line == chunk.line).count() == 1;
    let bracketed = sheet.tokens.get(label.from).is_some_and(|token| token.text.starts_with('('));
    if alone && bracketed && own.0 > 150.0 { (0.0, own.1) } else { own }
}

/// Widest gap within a value: numbers in boxes and addresses in columns have wide ones.
fn allowed_gap(field: Field, area: &Rectangle) -> f32 {
    match field {
        Field::Place | Field::Number | Field::Signed | Field::Expires | Field::Effective => FARTHEST,
        _ => 2.2 * height(area),
    }
}

/// Whether a token is the caption of a check box: a box stands just left of it.
fn is_caption(sheet: &Sheet, at: usize) -> bool {
    let Some(token) = sheet.tokens.get(at) else { return false };
    sheet.marks.iter().any(|(page, mark)| {
        let is_box = matches!(mark.kind, MarkKind::EmptyBox | MarkKind::TickedBox);
        let beside = (mark.area.top, mark.area.bottom);
        let gap = token.area.left - mark.area.right;
        is_box
            && *page == token.page
            && (-3.0..22.0).contains(&gap)
            && overlap(beside, (token.area.top, token.area.bottom)) > 0.4
    })
}

/// "Section 2", "Part III", "Step 4:".
fn is_heading(begin: &str) -> bool {
    let count = ["section", "part", "step"].into_iter().find_map(|word| begin.strip_prefix(word));
    count.is_some_and(|count| {
        let roman = count.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
        !count.is_empty() && count.len() <= 4 && (roman || count.chars().all(|c| c.is_ascii_digit()))
    })
}

fn is_empty(text: &str) -> bool {
    !text.chars().any(char::is_alphanumeric)
}

fn claim(claimed: &mut [bool], from: usize, to: usize) {
    claimed.iter_mut().take(to).skip(from).for_each(|it| *it = true);
}

fn value(sheet: &Sheet, label: &Found, span: Option<(usize, usize)>) -> Value {
    let (from, to) = span.unwrap_or((0, 0));
    let raw = sheet.text(from, to);
    let text = raw.trim_matches(|c: char| matches!(c, ':' | '_' | '|' | ',' | ';') || c.is_whitespace());
    let tokens = sheet.span(from, to);
    let typed = !tokens.is_empty() && tokens.iter().all(|token| token.field);
    Value {
        field: label.field,
        text: text.to_owned(),
        page: label.page,
        area: Some(if tokens.is_empty() { label.area } else { sheet.area(from, to) }),
        how: if typed { How::FormField } else { How::Label },
        confidence: sheet.confidence(from, to),
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::understand::labels;
    use crate::certificates::understand::text::testing::{page, ticked};

    fn read(rows: &[&[(f32, &str)]]) -> Vec<(Field, String)> {
        let sheet = Sheet::new(&page(rows), 0, 1);
        let values = find(&sheet, &labels::find(&sheet, ""), None);
        values.into_iter().map(|value| (value.field, value.text)).collect()
    }

    fn of(values: &[(Field, String)], field: Field) -> &str {
        values.iter().find(|(it, _)| *it == field).map_or("no label", |(_, text)| text.as_str())
    }

    #[test]
    fn beside_the_label() {
        let values = read(&[
            &[(54.0, "Name of purchaser"), (250.0, "Blue Heron Marine Supply LLC")],
            &[(54.0, "Name of seller:"), (250.0, "Example Supply Inc.")],
            &[(54.0, "Address:"), (250.0, "9 Mill Road")],
            &[(54.0, "Print name:"), (150.0, "Ann Example"), (300.0, "Title"), (350.0, "Controller")],
            &[(54.0, "Signature of purchaser")],
            &[(54.0, "This certificate stays in force")],
        ]);
        assert_eq!(of(&values, Field::Purchaser), "Blue Heron Marine Supply LLC");
        assert_eq!(of(&values, Field::Seller), "Example Supply Inc.");
        assert_eq!(of(&values, Field::SellerAddress), "9 Mill Road", "the seller stands above it");
        assert_eq!((of(&values, Field::Signer), of(&values, Field::Title)), ("Ann Example", "Controller"));
        assert_eq!(of(&values, Field::Signature), "", "the line below is not its value");
    }

    #[test]
    fn a_name_that_begins_like_a_label_is_a_name() {
        let values = read(&[
            &[(54.0, "Name of purchaser"), (250.0, "City of Springfield")],
            &[(54.0, "Signature of owner, partner, or officer"), (300.0, "/s/ Ann Example")],
        ]);
        assert_eq!(of(&values, Field::Purchaser), "City of Springfield");
        assert_eq!(of(&values, Field::Signature), "/s/ Ann Example");
    }

    #[test]
    fn above_the_label() {
        let values = read(&[
            &[(54.0, "Blue Heron Marine Supply LLC")],
            &[(54.0, "Name of purchaser")],
            &[],
            &[(54.0, "Sturgeon Bay"), (300.0, "WI"), (400.0, "54235")],
            &[(54.0, "City"), (300.0, "State"), (400.0, "Zip code")],
            &[],
            &[(300.0, "Ann Example")],
            &[(54.0, "Signature of authorized purchaser"), (300.0, "Print name here")],
        ]);
        assert_eq!(of(&values, Field::Purchaser), "Blue Heron Marine Supply LLC");
        assert_eq!(
            [of(&values, Field::City), of(&values, Field::AddressState), of(&values, Field::PostalCode)],
            ["Sturgeon Bay", "WI", "54235"]
        );
        assert_eq!((of(&values, Field::Signer), of(&values, Field::Signature)), ("Ann Example", ""));
    }

    #[test]
    fn the_caption_of_a_box_is_no_value() {
        let mut reading =
            page(&[&[(54.0, "Seller:"), (150.0, "Blanket")], &[(54.0, "Date:"), (150.0, "3/14/2026")]]);
        reading.pages[0].marks.push(ticked(0, 136.0));
        let sheet = Sheet::new(&reading, 0, 1);
        let values = find(&sheet, &labels::find(&sheet, ""), None);
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        assert_eq!(texts, ["", "3/14/2026"]);
    }
}
