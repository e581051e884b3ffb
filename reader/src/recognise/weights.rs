//! The weights of the two networks: which files they are, whether they are the right ones, what the second can write.
//!
//! The files are pinned by their SHA-256 sums, so nothing but the published networks is ever run. The recognition
//! network knows 18,710 characters of many scripts. The certificates are in Latin script, so its last layer is cut down
//! to the characters in `KEPT` before it is loaded: the other columns are never computed, which saves much of a line's
//! time and memory, and no look-alike of another script can come out. Confidences are therefore "given that this is
//! Latin script". A few drawn signs are kept too, for a check box or a bullet is not to be read as a letter O; they
//! separate words and are not part of any.

use std::{
    cell::RefCell,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use rten::Model;
use rten_onnx::onnx::{ModelProto, TensorProto};
use sha2::{Digest, Sha256};

/// One file of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightsFile {
    /// Its name in the folder of the weights.
    pub name: &'static str,
    /// Its SHA-256 sum in hexadecimal.
    pub sha256: &'static str,
}

/// The network that finds lines of text.
pub const DETECTION: WeightsFile = WeightsFile {
    name: "PP-OCRv6_det_small.onnx",
    sha256: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
};
/// The network that reads a line.
pub const RECOGNITION: WeightsFile = WeightsFile {
    name: "PP-OCRv6_rec_small.onnx",
    sha256: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
};

/// More than either file has; nothing larger is read into memory.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Printed characters that may come out, besides printable ASCII. Only the accents that names in the United States have:
/// with more of them, smudges become cedillas.
const KEPT: &str = "§°©®™•–—‘’“”…½¼¾£€áéíóúñèëäöüÁÉÍÓÚÑÄÖÜ";
/// Signs that are kept so that they are not taken for letters; they do not come out.
const SIGNS: &str = "□☐☑☒◻✓✔✘×■●○★☆口日";

/// Why the networks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// A file is not there or cannot be read.
    #[error(
        "{} cannot be read ({source}); run `cargo xtask setup`, which fetches the weights for recognising scans",
        path.display()
    )]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is another one than the pinned one.
    #[error(
        "{} is not the file that is expected here (its SHA-256 sum is another); delete it and run `cargo xtask setup`",
        path.display()
    )]
    Different {
        /// Which file.
        path: PathBuf,
    },
    /// The right file, and yet it does not load.
    #[error(
        "the weights in {name} do not load ({reason}); this program and its weights do not fit together, so build \
         the program anew and run `cargo xtask setup`"
    )]
    Broken {
        /// Which file.
        name: &'static str,
        /// What the loader said.
        reason: String,
    },
}

/// What a class of the recognition network stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing, or the end of a character.
    Blank,
    /// A space.
    Space,
    /// A character that comes out.
    Letter(char),
    /// A sign that does not come out.
    Sign,
}

/// Reads one pinned file from a folder.
pub(super) fn read(folder: &Path, file: WeightsFile) -> Result<Vec<u8>, ModelsError> {
    let path = folder.join(file.name);
    let mut bytes = Vec::new();
    let outcome = File::open(&path).and_then(|opened| opened.take(MAX_BYTES).read_to_end(&mut bytes));
    match outcome {
        Err(source) => Err(ModelsError::Missing { path, source }),
        Ok(_) if !fits(&bytes, file) => Err(ModelsError::Different { path }),
        Ok(_) => Ok(bytes),
    }
}

/// Whether bytes have the pinned sum.
pub(super) fn fits(bytes: &[u8], file: WeightsFile) -> bool {
    let sum = Sha256::digest(bytes);
    let mut hexadecimal = String::with_capacity(64);
    for byte in sum {
        use core::fmt::Write as _;
        let _never_fails = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal == file.sha256
}

/// Loads the network that finds lines.
pub(super) fn detection(bytes: Vec<u8>) -> Result<Model, ModelsError> {
    Model::load(bytes)
        .map_err(|error| ModelsError::Broken { name: DETECTION.name, reason: error.to_string() })
}

/// Loads the network that reads lines, its last layer cut down, with what each remaining class stands for.
pub(super) fn recognition(bytes: &[u8]) -> Result<(Model, Vec<Class>), ModelsError> {
    let broken = |reason: String| ModelsError::Broken { name: RECOGNITION.name, reason };
    let mut model = ModelProto::parse_buf(bytes).map_err(|error| broken(error.to_string()))?;
    let (columns, classes) =
        alphabet(&model).ok_or_else(|| broken("the file names no characters".to_owned()))?;
    cut(&mut model, &columns).ok_or_else(|| broken("the last layer is not the one expected".to_owned()))?;
    let shortened = model.write_buf().map_err(|error| broken(error.to_string()))?;
    let model = Model::load(shortened).map_err(|error| broken(error.to_string()))?;
    Ok((model, classes))
}

/// Columns of the last layer that are kept, in order, and their meaning. Class 0 is the blank of CTC, the last one the
/// space; between them stand the characters listed in the file.
fn alphabet(model: &ModelProto) -> Option<(Vec<usize>, Vec<Class>)> {
    let listed = model.metadata_props.iter().find(|entry| entry.key.as_deref() == Some("character"))?;
    let mut columns = vec![0];
    let mut classes = vec![Class::Blank];
    let mut last = 0;
    for (at, line) in listed.value.as_deref()?.lines().enumerate() {
        last = at + 1;
        let class = match line.chars().next()? {
            letter if letter.is_ascii_graphic() || KEPT.contains(letter) => Class::Letter(letter),
            sign if SIGNS.contains(sign) => Class::Sign,
            _ => continue,
        };
        columns.push(last);
        classes.push(class);
    }
    columns.push(last + 1);
    classes.push(Class::Space);
    Some((columns, classes))
}

/// Leaves only some columns in the weights and biases of the last layer. Which tensors those are is seen by their width.
fn cut(model: &mut ModelProto, columns: &[usize]) -> Option<()> {
    let width = i64::try_from(columns.last()? + 1).ok()?;
    let kept = i64::try_from(columns.len()).ok()?;
    let graph = model.graph.as_mut()?;
    let mut found = 0;
    for tensor in graph.initializer.iter_mut().filter(|tensor| tensor.dims.last() == Some(&width)) {
        cut_tensor(tensor, columns, usize::try_from(width).ok()?)?;
        found += 1;
    }
    let described = graph.output.iter_mut().chain(&mut graph.value_info);
    for shape in described.filter_map(|value| value.r#type.as_mut()?.tensor_type.as_mut()?.shape.as_mut()) {
        for dimension in shape.dim.iter_mut().filter(|dimension| dimension.dim_value == Some(width)) {
            dimension.dim_value = Some(kept);
        }
    }
    (found == 2).then_some(())
}

fn cut_tensor(tensor: &mut TensorProto, columns: &[usize], width: usize) -> Option<()> {
    const BYTES: usize = size_of::<f32>();
    let raw = tensor.raw_data.take()?.into_inner();
    let mut shorter = Vec::with_capacity(raw.len() / width * columns.len());
    for row in raw.chunks_exact(width * BYTES) {
        for column in columns {
            shorter.extend_from_slice(row.get(column * BYTES..(column + 1) * BYTES)?);
        }
    }
    *tensor.dims.last_mut()? = i64::try_from(columns.len()).ok()?;
    tensor.raw_data = Some(RefCell::new(shorter));
    Some(())
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{GraphProto, StringStringEntryProto};

    use super::*;

    #[test]
    fn a_missing_file_is_named_with_what_to_run() {
        let error = read(Path::new("/nowhere"), DETECTION).unwrap_err().to_string();
        assert!(error.contains("/nowhere/PP-OCRv6_det_small.onnx"), "{error}");
        assert!(error.contains("cargo xtask setup"), "{error}");
    }

    #[test]
    fn another_file_of_that_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(RECOGNITION.name), b"something else").unwrap();
        let error = read(folder.path(), RECOGNITION).unwrap_err();
        assert!(matches!(error, ModelsError::Different { .. }), "{error}");
    }

    #[test]
    fn the_sum_is_the_published_one_of_the_algorithm() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(fits(b"abc", WeightsFile { name: "abc", sha256: abc }));
        assert!(!fits(b"abd", WeightsFile { name: "abc", sha256: abc }));
    }

    fn listing(characters: &str) -> ModelProto {
        let entry =
            StringStringEntryProto { key: Some("character".to_owned()), value: Some(characters.to_owned()) };
        ModelProto { metadata_props: vec![entry], ..ModelProto::default() }
    }

    #[test]
    fn only_latin_script_signs_blank_and_space_are_kept() {
        let (columns, classes) = alphabet(&listing("A\n中\n□\né")).unwrap();
        assert_eq!(columns, [0, 1, 3, 4, 5]);
        let letter = Class::Letter;
        assert_eq!(classes, [Class::Blank, letter('A'), Class::Sign, letter('é'), Class::Space]);
        assert!(alphabet(&ModelProto::default()).is_none());
    }

    #[test]
    fn the_last_layer_keeps_its_values_in_the_columns_that_stay() {
        let tensor = |dims: &[i64], values: &[f32]| TensorProto {
            dims: dims.to_vec(),
            raw_data: Some(RefCell::new(values.iter().flat_map(|value| value.to_le_bytes()).collect())),
            ..TensorProto::default()
        };
        let initializer = vec![
            tensor(&[2, 3], &[1., 2., 3., 4., 5., 6.]),
            tensor(&[3], &[7., 8., 9.]),
            tensor(&[1], &[0.]),
        ];
        let graph = GraphProto { initializer, ..GraphProto::default() };
        let mut model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        cut(&mut model, &[0, 2]).unwrap();
        let left = model.graph.unwrap().initializer;
        let expected = [tensor(&[2, 2], &[1., 3., 4., 6.]), tensor(&[2], &[7., 9.]), tensor(&[1], &[0.])];
        for (is, should) in left.iter().zip(&expected) {
            assert_eq!((&is.dims, &is.raw_data), (&should.dims, &should.raw_data));
        }
    }
}
