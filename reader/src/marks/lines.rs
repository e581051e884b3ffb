//! Straight runs of ink: edges of boxes and ruled lines.

use crate::picture::bilevel::Bits;

/// Shortest ruled line in points.
const RULE: f32 = 25.0;
/// Thickest ruled line in points.
const THICK: f32 = 3.0;
/// Most runs of a picture that are looked at; a page of lines has some ten thousand.
const MAX_RUNS: usize = 200_000;

/// A level piece of ink: rows `top..bottom`, columns `left..right`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) top: usize,
    pub(super) bottom: usize,
}

/// Ruled lines of a page: level ones, and upright ones with rows and columns already put back.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) level: Vec<Run>,
    pub(super) upright: Vec<Run>,
}

/// Finds the ruled lines.
pub(super) fn find(bits: &Bits, pixels_a_point: f32) -> Rules {
    let shortest = (RULE * pixels_a_point) as usize;
    let thick = (THICK * pixels_a_point).ceil() as usize;
    let thin = |run: &Run| run.bottom - run.top <= thick;
    let level = thickened(runs(bits, shortest, usize::MAX, 2)).into_iter().filter(thin).collect();
    let back = |run: Run| Run { left: run.top, right: run.bottom, top: run.left, bottom: run.right };
    let upright = thickened(runs(&bits.transposed(), shortest, usize::MAX, 2));
    Rules { level, upright: upright.into_iter().filter(thin).map(back).collect() }
}

/// Runs of ink of a length, over gaps of so many pixels, one row each, from the top.
pub(super) fn runs(bits: &Bits, shortest: usize, longest: usize, gap: usize) -> Vec<Run> {
    let mut found = Vec::new();
    for y in 0..bits.height {
        let mut start = None;
        let mut last = 0;
        for (x, ink) in bits.row(y).iter().enumerate() {
            if *ink {
                start.get_or_insert(x);
                last = x;
            } else if let Some(from) = start
                && x - last > gap
            {
                start = None;
                if (shortest..=longest).contains(&(last + 1 - from)) {
                    found.push(Run { left: from, right: last + 1, top: y, bottom: y + 1 });
                }
            }
        }
        if let Some(from) = start
            && (shortest..=longest).contains(&(last + 1 - from))
        {
            found.push(Run { left: from, right: last + 1, top: y, bottom: y + 1 });
        }
        if found.len() > MAX_RUNS {
            break;
        }
    }
    found
}

/// Puts runs of adjacent rows together that lie over each other for the most part.
pub(super) fn thickened(runs: Vec<Run>) -> Vec<Run> {
    let mut done: Vec<Run> = Vec::new();
    let mut open: Vec<Run> = Vec::new();
    for run in runs {
        let (ended, still): (Vec<Run>, Vec<Run>) = open.iter().partition(|other| other.bottom < run.top);
        done.extend(ended);
        open = still;
        let same = open.iter_mut().find(|other| {
            let common = other.right.min(run.right).saturating_sub(other.left.max(run.left));
            common * 10 >= 7 * (other.right - other.left).max(run.right - run.left)
        });
        match same {
            Some(other) => {
                other.left = other.left.min(run.left);
                other.right = other.right.max(run.right);
                other.bottom = run.bottom;
            }
            None => open.push(run),
        }
    }
    done.extend(open);
    done
}
