//! Documents in a folder.
//!
//! The id of a document is its file name. Only regular files directly in the folder count: sub-folders, hidden files,
//! devices, and links that lead out of the folder are passed over, and an id that is not a plain file name names
//! nothing. File names that are not UTF-8 cannot be ids and are passed over too.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{DocumentsOpenError, MAX_BYTES, blocking, digest, hex, media_type, page_size, too_large};
use crate::model::documents::{Document, DocumentError, DocumentPage};

/// Most files of a folder.
const MAX_FILES: usize = 100_000;

/// A folder of documents.
#[derive(Debug, Clone)]
pub struct Folder {
    /// With every link resolved, so that a file can be told to lie inside.
    path: PathBuf,
}

impl Folder {
    /// Looks whether the folder is there.
    pub fn open(path: &Path) -> Result<Self, DocumentsOpenError> {
        let fail = |source| DocumentsOpenError::Folder { path: path.to_path_buf(), source };
        let resolved = fs::canonicalize(path).map_err(fail)?;
        fs::read_dir(&resolved).map_err(fail)?;
        Ok(Self { path: resolved })
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
        for entry in fs::read_dir(&self.path).map_err(unavailable)? {
            if let Ok(name) = entry.map_err(unavailable)?.file_name().into_string()
                && self.locate(&name).is_some()
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

    /// The file behind an id, if it is one that may be read.
    fn locate(&self, id: &str) -> Option<PathBuf> {
        if id.is_empty() || id.starts_with('.') || id.contains(['/', '\\', '\0']) {
            return None;
        }
        let path = fs::canonicalize(self.path.join(id)).ok()?;
        (path.starts_with(&self.path) && path.is_file()).then_some(path)
    }

    /// None if the file went away since it was listed.
    fn describe(&self, id: &str) -> Result<Option<Document>, DocumentError> {
        let Some(path) = self.locate(id) else { return Ok(None) };
        let size = fs::metadata(&path).map(|meta| meta.len()).unwrap_or_default();
        let file = fs::File::open(&path).ok().filter(|_| size <= MAX_BYTES);
        let Some(mut file) = file else {
            // Too large, or not readable by us: it stays in the list, so that the report names it.
            return Ok(Some(Document {
                id: id.to_owned(),
                name: id.chars().take(200).collect(),
                media_type: media_type(&[]).to_owned(),
                size,
                sha256: digest(format!("not read: {id}, {size} bytes").as_bytes()),
                customer: None,
            }));
        };
        let mut hash = Sha256::new();
        let mut head = Vec::new();
        let mut size = 0_u64;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer).map_err(unavailable)?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
            if head.is_empty() {
                head.extend_from_slice(part);
            }
            hash.update(part);
            size += count as u64;
        }
        Ok(Some(Document {
            id: id.to_owned(),
            name: id.chars().take(200).collect(),
            media_type: media_type(&head).to_owned(),
            size,
            sha256: hex(&hash.finalize()),
            customer: None,
        }))
    }

    fn read(&self, id: &str) -> Result<Bytes, DocumentError> {
        let path = self.locate(id).ok_or(DocumentError::NotFound)?;
        let file = fs::File::open(path).map_err(unavailable)?;
        let size = file.metadata().map_err(unavailable)?.len();
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

fn unavailable(error: std::io::Error) -> DocumentError {
    DocumentError::Unavailable(format!("the documents folder could not be read: {error}"))
}
