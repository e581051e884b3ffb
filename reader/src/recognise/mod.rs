//! Turning the picture of a page into words: two engines behind [`crate::model::Recogniser`].
//!
//! [`Networks`] is the one that is measured and recommended: the PP-OCR networks, one that finds lines of text and one
//! that reads them, run in pure Rust. Their weights are two files outside the repository, which set-up fetches and whose
//! SHA-256 sums are checked whenever they are loaded. [`Tesseract`] starts the program of that name instead.
//!
//! A page goes through these steps:
//!
//! | step | module |
//! |---|---|
//! | weights: sums, alphabet, an output layer cut down to Latin script | `weights` |
//! | scaling, leaving out blank margins, cutting lines out of a page | `picture` |
//! | where lines are: the first network and its probability map | `detect` |
//! | lines in reading order | `order` |
//! | ink and gaps on the picture of a line | `ink` |
//! | what a line says: the second network's output to characters, characters to words | `line` |
//! | all of it together | `networks` |
//!
//! The pictures come from strangers, so each step has a bound: [`MAX_LINES`] and [`MAX_COLUMNS`] limit what a page may
//! cost, whatever is drawn on it.

mod detect;
mod ink;
mod line;
mod networks;
mod order;
mod picture;
mod tesseract;
mod weights;

use std::{env, path::PathBuf};

pub use crate::recognise::{
    detect::MAX_LINES,
    networks::{MAX_COLUMNS, Networks, Work},
    tesseract::Tesseract,
    weights::{DETECTION, ModelsError, RECOGNITION, WeightsFile},
};

/// Names the folder of the weights instead of the default one.
pub const MODELS_VARIABLE: &str = "ONBOARD_MODELS";
/// Names the folder of the fonts for made-up documents instead of the default one.
pub const FONTS_VARIABLE: &str = "ONBOARD_FONTS";

/// Where the weights are: `$ONBOARD_MODELS`, else `ecms-onboarding/models` in the user's data folder. None if neither
/// that variable nor `$XDG_DATA_HOME` nor `$HOME` is set.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    folder(MODELS_VARIABLE, "models", variable)
}

/// Where the fonts for made-up documents are: `$ONBOARD_FONTS`, else `fonts` beside the weights.
#[must_use]
pub fn default_fonts() -> Option<PathBuf> {
    folder(FONTS_VARIABLE, "fonts", variable)
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn folder(own: &str, name: &str, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable(own).or_else(|| {
        let data = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))?;
        Some(data.join("ecms-onboarding").join(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<PathBuf> {
        |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
    }

    #[test]
    fn the_folder_is_the_named_one_or_in_the_data_folder_or_at_home() {
        let set: &[(&str, &str)] = &[("ONBOARD_MODELS", "/m"), ("XDG_DATA_HOME", "/d"), ("HOME", "/h")];
        let path = |skip: usize| folder(MODELS_VARIABLE, "models", with(&set[skip..]));
        assert_eq!(path(0), Some(PathBuf::from("/m")));
        assert_eq!(path(1), Some(PathBuf::from("/d/ecms-onboarding/models")));
        assert_eq!(path(2), Some(PathBuf::from("/h/.local/share/ecms-onboarding/models")));
        assert_eq!(path(3), None);
    }

    #[test]
    fn the_fonts_are_beside_the_weights() {
        let home = with(&[("HOME", "/h")]);
        assert_eq!(
            folder(FONTS_VARIABLE, "fonts", home),
            Some(PathBuf::from("/h/.local/share/ecms-onboarding/fonts"))
        );
    }
}
