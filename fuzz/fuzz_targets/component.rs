//! Files that claim to be the component: read, compiled and refused with a sentence, never run.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use host_harness::{
    engine::{EngineOptions, HostEngine},
    limits::Limits,
    plugin::Plugin,
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::check_sentence;

static HOST: LazyLock<(HostEngine, tempfile::TempDir)> = LazyLock::new(|| {
    let ceiling = Limits { component_bytes: 64 * 1024, ..Limits::default() };
    let options = EngineOptions { ceiling, calls: 1, ..EngineOptions::default() };
    (HostEngine::with_options(options).expect("an engine"), tempfile::tempdir().expect("a folder"))
});

fuzz_target!(|bytes: &[u8]| {
    let (engine, folder) = &*HOST;
    let path: PathBuf = folder.path().join("onboarding.wasm");
    fs::write(&path, bytes).expect("a file");
    match Plugin::load(engine, &path) {
        // No seed exports what the contract asks for, and chance does not write it.
        Ok(plugin) => panic!("{} was taken for the component", plugin.digest()),
        Err(error) => check_sentence(&error.to_string(), 1500),
    }
});
