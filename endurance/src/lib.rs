//! Nothing is lost and nothing happens twice, whatever breaks: the proof.
//!
//! Two ways to break things. The sweep runs the real program against the stand-in and kills it at every append to the
//! journal and at every request, one point after the other, each time running it again until it is done. The chaos runs
//! keep the program alive and let AvaTax misbehave at random. After each run the same [`checker`] compares what the
//! stand-in wrote down with the ERP and with what the journal claims; it shares no code with the component.
//!
//! | what | module |
//! |---|---|
//! | the made-up company, its certificates and files | [`company`], [`paper`], [`ground`] |
//! | what AvaTax holds and what was done to it | [`avatax`] |
//! | what the journal says | [`journal`] |
//! | whether all of that fits together | [`checker`] |
//! | a journal that kills its process | [`kill`] |
//! | what is kept of a bad run | [`evidence`] |
//! | killing at every point | [`sweep`] |
//! | disturbing at random | [`chaos`] |

pub mod avatax;
pub mod chaos;
pub mod checker;
pub mod company;
pub mod error;
pub mod evidence;
pub mod ground;
pub mod journal;
pub mod kill;
pub mod paper;
pub mod random;
pub mod sweep;

use std::path::{Path, PathBuf};

/// The component that the workspace builds.
#[must_use]
pub fn component_file() -> PathBuf {
    workspace().join("target").join("component").join("ecms_onboarding.wasm")
}

/// Where compiled components are kept between runs: beside the other things that cargo may throw away.
#[must_use]
pub fn cache_folder() -> PathBuf {
    workspace().join("target").join("test-cache")
}

fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}
