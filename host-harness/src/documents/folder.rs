//! Documents in a folder.
//!
//! The id of a document is its file name. Only regular files directly in the folder count: sub-folders, hidden files,
//! devices, and links that lead out of the folder are passed over, and an id that is not a plain file name names
//! nothing. File names that are not UTF-8 cannot be ids and are passed over too.
//!
//! Whoever hands in certificates may be able to write into the folder while it is read. So no path is looked at first and
//! opened afterwards: every name is opened below the folder's own handle, which does not let it out, and what it is and how
//! large is asked of the file that was opened.

use std::{io::Read as _, path::Path, sync::Arc};

use bytes::Bytes;
use cap_std::{
    ambient_authority,
    fs::{Dir, File, OpenOptions},
};
use sha2::{Digest as _, Sha256};

use super::{DocumentsOpenError, MAX_BYTES, blocking, digest, hex, media_type, page_size, too_large};
use crate::model::documents::{Document, DocumentError, DocumentPage};

/// Most files of a folder.
const MAX_FILES: usize = 100_000;

/// A folder of documents.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: Arc<Dir>,
}

/// What is behind an id.
enum Found {
    /// A file that can be read, and its size when it was opened.
    File(File, u64),
    /// A file that may not be read.
    Closed(u64),
}

impl Folder {
    /// Looks whether the folder is there.
    pub fn open(path: &Path) -> Result<Self, DocumentsOpenError> {
        let fail = |source| DocumentsOpenError::Folder { path: path.to_path_buf(), source };
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(fail)?;
        dir.entries().map_err(fail)?;
        Ok(Self { dir: Arc::new(dir) })
    }

    /// Lists documents by file name, starting after one.
    pub async fn list(&self, after: Option<String>, limit: u32) -> Result<DocumentPage, DocumentError> {
        let folder = self.clone();
        blocking(move || folder.page(after.as_deref(), page_size(limit))).await
    }

    /// All bytes of a document.
    pub async fn original(&self, id: &str) -> Result<Bytes, DocumentError> {
        let (folder, id) = (self.clone(), id.to_owned());
        blocking(move || folder.read(&id)).await
    }

    fn page(&self, after: Option<&str>, limit: usize) -> Result<DocumentPage, DocumentError> {
        let mut names: Vec<_> = self
            .names()?
            .into_iter()
            .filter(|name| after.is_none_or(|after| name.as_str() > after))
            .collect();
        names.sort_unstable();
        let more = names.len() > limit;
        names.truncate(limit);
        let next = if more { names.last().cloned() } else { None };
        let documents =
            names.iter().filter_map(|name| self.describe(name).transpose()).collect::<Result<_, _>>()?;
        Ok(DocumentPage { documents, next })
    }

    fn names(&self) -> Result<Vec<String>, DocumentError> {
        let mut names = Vec::new();
        for entry in self.dir.entries().map_err(unavailable)? {
            if let Ok(name) = entry.map_err(unavailable)?.file_name().into_string()
                && is_plain(&name)
                // Only to keep sub-folders and the like out of the list; whether it may be read shows when it is opened.
                && self.dir.metadata(&name).is_ok_and(|meta| meta.is_file())
            {
                names.push(name);
            }
            if names.len() > MAX_FILES {
                return Err(DocumentError::Unavailable(format!(
                    "the documents folder holds more than {MAX_FILES} files"
                )));
            }
        }
        Ok(names)
    }

    /// The file behind an id, opened, if it is one that may be read.
    fn find(&self, id: &str) -> Option<Found> {
        if !is_plain(id) {
            return None;
        }
        let mut options = OpenOptions::new();
        options.read(true);
        // A pipe in the place of the file must not keep us waiting for its other end.
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
        );
        match self.dir.open_with(id, &options) {
            Ok(file) => {
                let meta = file.metadata().ok().filter(cap_std::fs::Metadata::is_file)?;
                Some(Found::File(file, meta.len()))
            }
            Err(_) => {
                let meta = self.dir.metadata(id).ok().filter(cap_std::fs::Metadata::is_file)?;
                Some(Found::Closed(meta.len()))
            }
        }
    }

    /// None if the file went away since it was listed.
    fn describe(&self, id: &str) -> Result<Option<Document>, DocumentError> {
        let (mut file, size) = match self.find(id) {
            None => return Ok(None),
            Some(Found::File(file, size)) if size <= MAX_BYTES => (file, size),
            // Too large, or not readable by us: it stays in the list, so that the report names it.
            Some(Found::File(_, size) | Found::Closed(size)) => return Ok(Some(unread(id, size))),
        };
        let mut hash = Sha256::new();
        let mut head = Vec::new();
        let mut read = 0_u64;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).map_err(unavailable)?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
            if head.is_empty() {
                head.extend_from_slice(part);
            }
            hash.update(part);
            read += count as u64;
            // Somebody who writes as fast as we read would keep us here.
            if read > MAX_BYTES {
                return Ok(Some(unread(id, size.max(read))));
            }
        }
        Ok(Some(Document {
            id: id.to_owned(),
            name: id.chars().take(200).collect(),
            media_type: media_type(&head).to_owned(),
            size: read,
            sha256: hex(&hash.finalize()),
            customer: None,
        }))
    }

    fn read(&self, id: &str) -> Result<Bytes, DocumentError> {
        let (file, size) = match self.find(id) {
            Some(Found::File(file, size)) => (file, size),
            Some(Found::Closed(_)) => {
                let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
                return Err(unavailable(denied));
            }
            None => return Err(DocumentError::NotFound),
        };
        if size > MAX_BYTES {
            return Err(too_large(size));
        }
        let mut bytes = Vec::new();
        // The file may grow while it is read.
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unavailable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(bytes.into())
    }
}

/// Whether a name can be that of a document: a plain one, not hidden.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// A document whose content nobody has seen.
fn unread(id: &str, size: u64) -> Document {
    Document {
        id: id.to_owned(),
        name: id.chars().take(200).collect(),
        media_type: media_type(&[]).to_owned(),
        size,
        sha256: digest(format!("not read: {id}, {size} bytes").as_bytes()),
        customer: None,
    }
}

fn unavailable(error: std::io::Error) -> DocumentError {
    DocumentError::Unavailable(format!("the documents folder could not be read: {error}"))
}
