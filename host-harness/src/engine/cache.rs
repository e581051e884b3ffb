//! Compiled components on disk.
//!
//! Compiling takes about half a second, loading what was compiled a fraction of a millisecond. The name of an entry is
//! the SHA-256 of the component and a hash over everything in the engine that the machine code depends on, so a changed
//! component or another wasmtime never meets an old entry.
//!
//! Machine code from a file runs with the rights of the host. Therefore the directory belongs to the host's own user
//! and nobody else may write or even list it, entries appear by renaming, and nothing of a tenant ever leads to a path
//! in it. The owner and the rights of an entry are asked of the opened file, so that swapping the path gains nothing. Whatever does not look right is treated as if there were no cache.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
};

use wasmtime::{Engine, component::Component};

/// A directory of compiled components.
#[derive(Debug)]
pub(crate) struct CompiledCache {
    directory: PathBuf,
    engine: u64,
}

impl CompiledCache {
    /// Opens or creates the directory; `None` where it cannot be trusted or the system cannot tell.
    pub(crate) fn open(directory: PathBuf, engine: &Engine) -> Option<Self> {
        create(&directory).ok()?;
        owner_of_private(&directory)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Some(Self { directory, engine: hasher.finish() })
    }

    /// The compiled form of the component with this digest, if it is here.
    pub(crate) fn get(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let owner = owner_of_private(&self.directory)?;
        let entry = fs::File::open(self.entry(digest)).ok()?;
        if !is_of(&entry.metadata().ok()?, owner) {
            return None;
        }
        deserialize(engine, entry)
    }

    /// Keeps a compiled component. Failing to is no failure of the host: the next start compiles again.
    pub(crate) fn put(&self, digest: &str, component: &Component) {
        let Ok(code) = component.serialize() else { return };
        let entry = self.entry(digest);
        let draft = entry.with_extension(format!("{}.draft", std::process::id()));
        let written = fs::File::create(&draft).and_then(|mut file| {
            file.write_all(&code)?;
            file.sync_all()
        });
        if written.and_then(|()| fs::rename(&draft, &entry)).is_err() {
            let _ = fs::remove_file(&draft);
        }
    }

    fn entry(&self, digest: &str) -> PathBuf {
        self.directory.join(format!("{digest}-{:016x}.cwasm", self.engine))
    }
}

/// Turns an entry back into a component. It is mapped and not read, so that only the pages that a run comes by are ever
/// fetched.
///
/// This is the only unsafe code of the host. wasmtime checks the header and the versions but trusts the machine code.
#[expect(unsafe_code, reason = "wasmtime has no safe way to load compiled code; see the safety comment")]
#[cfg(target_os = "linux")]
fn deserialize(engine: &Engine, entry: fs::File) -> Option<Component> {
    use std::os::fd::AsRawFd;
    // The file that was looked at, whatever its path leads to by now.
    let opened = format!("/proc/self/fd/{}", entry.as_raw_fd());
    // SAFETY: the file was found, opened, to belong to this user and to be closed to everyone else, in a directory of
    // which the same holds, so it is what `put` wrote: the output of `Component::serialize` of an engine with the same
    // compatibility hash. It stays what it is while it is mapped, because `put` never writes into an entry but puts
    // another file in its place. Who can write there as this user can replace the host itself.
    unsafe { Component::deserialize_file(engine, opened) }.ok()
}

/// The same where an opened file has no path of its own: its bytes are copied.
#[cfg(not(target_os = "linux"))]
#[expect(unsafe_code, reason = "wasmtime has no safe way to load compiled code; see the safety comment")]
fn deserialize(engine: &Engine, mut entry: fs::File) -> Option<Component> {
    use std::io::Read;
    let mut code = Vec::new();
    entry.read_to_end(&mut code).ok()?;
    // SAFETY: as above, except that nothing is mapped.
    unsafe { Component::deserialize(engine, code) }.ok()
}

#[cfg(unix)]
fn create(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The user that this process creates files as, if the directory is a real one of that user, closed to everyone else.
#[cfg(unix)]
fn owner_of_private(directory: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(directory).ok()?;
    if !found.is_dir() || found.mode() & 0o077 != 0 {
        return None;
    }
    // The user of this process without asking the system in unsafe code: the owner of what it creates.
    let probe = directory.join(format!(".owner-{}-{:?}", std::process::id(), std::thread::current().id()));
    let owner = fs::File::create(&probe).and_then(|file| file.metadata()).map(|metadata| metadata.uid());
    let _ = fs::remove_file(&probe);
    owner.ok().filter(|owner| *owner == found.uid())
}

/// Whether an opened file is a plain one of this user that nobody else may write.
#[cfg(unix)]
fn is_of(file: &fs::Metadata, owner: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.is_file() && file.uid() == owner && file.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn create(_directory: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn owner_of_private(_directory: &Path) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn is_of(_file: &fs::Metadata, _owner: u32) -> bool {
    false
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn component(engine: &Engine) -> Component {
        Component::new(engine, wat::parse_str("(component)").unwrap()).unwrap()
    }

    #[test]
    fn what_was_kept_is_found_by_digest() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = CompiledCache::open(directory.path().join("cache"), &engine).unwrap();
        assert!(cache.get(&engine, "d1").is_none());
        cache.put("d1", &component(&engine));
        assert!(cache.get(&engine, "d1").is_some());
        assert!(cache.get(&engine, "d2").is_none());
    }

    #[test]
    fn a_directory_that_others_may_write_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cache");
        let engine = Engine::default();
        let cache = CompiledCache::open(path.clone(), &engine).unwrap();
        cache.put("d1", &component(&engine));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(cache.get(&engine, "d1").is_none());
        assert!(CompiledCache::open(path, &engine).is_none());
    }

    #[test]
    fn an_entry_that_others_may_write_or_that_is_no_file_counts_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = CompiledCache::open(directory.path().join("cache"), &engine).unwrap();
        cache.put("d1", &component(&engine));
        assert!(cache.get(&engine, "d1").is_some());
        fs::set_permissions(cache.entry("d1"), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(cache.get(&engine, "d1").is_none());
        fs::create_dir(cache.entry("d2")).unwrap();
        assert!(cache.get(&engine, "d2").is_none());
    }

    #[test]
    fn a_damaged_entry_counts_as_missing() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let cache = CompiledCache::open(directory.path().join("cache"), &engine).unwrap();
        fs::write(cache.entry("d1"), b"not machine code").unwrap();
        assert!(cache.get(&engine, "d1").is_none());
    }

    #[test]
    fn a_link_to_a_directory_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::default();
        let real = directory.path().join("real");
        CompiledCache::open(real.clone(), &engine).unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(real, &link).unwrap();
        assert!(CompiledCache::open(link, &engine).is_none());
    }
}
