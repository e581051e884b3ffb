//! Keeping what a bad run left behind, for whoever has to find out why.

use std::{fs, path::Path};

use crate::{
    avatax::AvaTax,
    checker::Violation,
    error::{EnduranceError, at},
    ground::copy_folder,
};

/// Copies the folder of a run, journal and all, and writes effects and violations beside it.
pub async fn keep(
    keep: &Path,
    name: &str,
    folder: &Path,
    avatax: &AvaTax,
    violations: &[Violation],
) -> Result<(), EnduranceError> {
    let to = keep.join(name);
    copy_folder(folder, &to).map_err(at(&to))?;
    let effects: Vec<String> =
        avatax.effects(0).await?.iter().map(|effect| format!("{effect:?}\n")).collect();
    let wrong: Vec<String> = violations.iter().map(|violation| format!("{violation}\n")).collect();
    for (file, lines) in [("effects.txt", effects), ("violations.txt", wrong)] {
        let path = to.join(file);
        fs::write(&path, lines.concat()).map_err(at(&path))?;
    }
    Ok(())
}
