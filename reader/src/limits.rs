//! Bounds on what one document may cost.

/// Bounds on a document. [`Limits::default`] is what the contract names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file.
    pub bytes: u64,
    /// Pages of a document.
    pub pages: usize,
    /// Pixels of one picture before it is scaled down.
    pub pixels: u64,
    /// Bytes of everything that is unpacked while one document is read.
    pub unpacked: u64,
    /// Words of a page.
    pub words: usize,
    /// Marks of a page.
    pub marks: usize,
    /// Form fields of a document.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 25 * 1024 * 1024,
            pages: 50,
            pixels: 64_000_000,
            unpacked: 256 * 1024 * 1024,
            words: 5_000,
            marks: 1_000,
            fields: 2_000,
        }
    }
}
