//! The cache of readings: an entry is what was kept, within the contract, or it is not there.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use host_harness::ocr::ReadingCache;
use libfuzzer_sys::fuzz_target;

/// The folder, the cache, and the file of its only entry.
static CACHE: LazyLock<(tempfile::TempDir, ReadingCache, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = ReadingCache::new(folder.path().to_path_buf());
    let finding = Err(host_harness::model::ocr::OcrError::Unreadable("first".to_owned()));
    cache.put("d1", "reader 1", &finding);
    let file =
        fs::read_dir(folder.path()).expect("a folder").next().expect("an entry").expect("an entry").path();
    (folder, cache, file)
});

fuzz_target!(|bytes: &[u8]| {
    let (_, cache, file) = &*CACHE;
    fs::write(file, bytes).expect("a file");
    let Some(known) = cache.get("d1", "reader 1") else { return };
    if let Ok(reading) = &known {
        assert!(reading.pages.len() <= 50 && reading.fields.len() <= 2000);
        for word in reading.pages.iter().flat_map(|page| &page.words) {
            assert!((0.0..=1.0).contains(&word.confidence) && !word.text.is_empty());
            assert!(word.area.left <= word.area.right && word.area.top <= word.area.bottom);
        }
    }
    assert!(cache.get("d2", "reader 1").is_none() && cache.get("d1", "reader 2").is_none());
    cache.put("d1", "reader 1", &known);
    assert_eq!(cache.get("d1", "reader 1"), Some(known), "what is kept comes back");
});
