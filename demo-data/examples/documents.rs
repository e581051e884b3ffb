//! Writes certificates for measuring a reader: `cargo run -p demo-data --example documents -- FOLDER SEED COUNT [faults]`.
//! The fonts are looked for in `ONBOARD_FONTS`, else where set-up puts them.

use std::{env, error::Error, path::PathBuf};

use demo_data::documents::{DocumentOptions, write_documents};

fn fonts() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("ONBOARD_FONTS") {
        return Some(folder.into());
    }
    let data = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))?;
    Some(data.join("ecms-onboarding/fonts"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, seed, count, rest @ ..] = arguments.as_slice() else {
        return Err("name a folder, a seed and a count, and `faults` if faulty documents are wanted".into());
    };
    let fonts = fonts().ok_or("name the folder of the fonts in ONBOARD_FONTS")?;
    let mut options = DocumentOptions::new(seed.parse()?, count.parse()?, &fonts);
    options.faults = rest.iter().any(|word| word == "faults");
    let truths = write_documents(folder.as_ref(), &options)?;
    println!("{} certificates in {folder}", truths.len());
    Ok(())
}
