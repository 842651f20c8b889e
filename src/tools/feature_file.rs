//! A user's features from a file: safetensors or NumPy's `.npy`.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use tch::{Kind, Tensor};

use super::npy;
use crate::distance::check_features;
use crate::error::{Error, Result};
use crate::file_kind::{BEGINNING, FileKind};

/// Where features are: a file, and for safetensors the tensor's name if the file has several matrices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureFile {
    /// The file; its content, not its ending, says what it is.
    pub path: PathBuf,
    /// The tensor.
    pub name: Option<String>,
}

impl FeatureFile {
    /// The features, `[N, D]` f32 or f64 as stored, on the CPU.
    ///
    /// # Errors
    /// An unreadable file, another format, dtype or order, no matrix or several without a name, no rows, values that are not
    /// finite (how many rows hold some, and the first), or rows whose squared length overflows or vanishes.
    pub fn read(&self) -> Result<Tensor> {
        let bytes = fs::read(&self.path).map_err(Error::io("read", &self.path))?;
        let wrong = |reason: String| Error::file(&self.path, reason);
        let features = match FileKind::of(&bytes[..bytes.len().min(BEGINNING)]) {
            FileKind::Npy => self.npy_matrix(&bytes)?,
            FileKind::Safetensors => {
                let file = SafeTensors::deserialize(&bytes)
                    .map_err(|error| wrong(format!("a safetensors file that cannot be read: {error}")))?;
                self.safetensors_matrix(&file)?
            }
            kind => return Err(wrong(not_features(kind, &self.path))),
        };
        check_features(&features, "features").map_err(|error| wrong(error.to_string()))?;
        match rows_without_length(&features) {
            0 => Ok(features),
            rows => Err(wrong(format!(
                "{rows} rows are so long, or so short, that the square of their length is no {} number, and distances are made of squares; \
                 multiply all features by one number first, such as x / abs(x).max()",
                if features.kind() == Kind::Double { "f64" } else { "f32" }
            ))),
        }
    }

    fn npy_matrix(&self, bytes: &[u8]) -> Result<Tensor> {
        let wrong = |reason: String| Error::file(&self.path, reason);
        if let Some(name) = &self.name {
            return Err(Error::Usage(format!(
                "{}: a NumPy file has one array and no name `{name}`",
                self.path.display()
            )));
        }
        let npy::Header { kind, shape, start } = npy::header(bytes).map_err(wrong)?;
        self.tensor(&bytes[start..], &shape, kind)
    }

    fn safetensors_matrix(&self, file: &SafeTensors<'_>) -> Result<Tensor> {
        let (name, view) = self.choose(file)?;
        let kind = kind(view.dtype()).ok_or_else(|| {
            Error::file(&self.path, format!("{name} is of type {:?}; f32 or f64 expected", view.dtype()))
        })?;
        self.tensor(view.data(), view.shape(), kind)
    }

    /// The tensor of the given name, or the only matrix of floats.
    fn choose<'a>(&self, file: &SafeTensors<'a>) -> Result<(String, TensorView<'a>)> {
        let wrong = |reason: String| Error::file(&self.path, reason);
        let mut all = file.tensors();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let describe =
            |(name, view): &(String, TensorView<'_>)| format!("{name} {:?} {:?}", view.dtype(), view.shape());
        let list = |all: &[(String, TensorView<'_>)]| match all.len() {
            0 => "no tensor".to_owned(),
            _ => all.iter().map(describe).collect::<Vec<_>>().join(", "),
        };
        if let Some(name) = &self.name {
            let found = all.iter().position(|(other, _)| other == name);
            let place = found.ok_or_else(|| wrong(format!("no tensor `{name}`; it has {}", list(&all))))?;
            return Ok(all.swap_remove(place));
        }
        let is_matrix = |view: &TensorView<'_>| view.shape().len() == 2 && kind(view.dtype()).is_some();
        let (mut matrices, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, view)| is_matrix(view));
        match matrices.len() {
            1 => Ok(matrices.swap_remove(0)),
            0 => Err(wrong(format!("no matrix [N, D] of f32 or f64; it has {}", list(&others)))),
            _ => Err(wrong(format!("several matrices, choose one by its name: {}", list(&matrices)))),
        }
    }

    fn tensor(&self, data: &[u8], shape: &[usize], kind: Kind) -> Result<Tensor> {
        let shape: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
        Tensor::f_from_data_size(data, &shape, kind)
            .map_err(Error::torch(format!("cannot read {}", self.path.display())))
    }
}

/// Says what a file is that holds no features to read, and how to save those that it may hold.
fn not_features(kind: FileKind, path: &Path) -> String {
    let numpy = "numpy.save('features.npy', x.astype('float32'))";
    let way = match kind {
        FileKind::Npz => format!("take one array out of it: x = numpy.load(file)['features'], then {numpy}"),
        FileKind::Zip | FileKind::TorchStream | FileKind::Pickle => format!(
            "if torch.save wrote it: x = torch.load(file).numpy(), if pickle did: x = pickle.load(open(file, 'rb')), and of a dictionary \
             the entry with the features; then {numpy}"
        ),
        FileKind::Matlab => format!("x = scipy.io.loadmat(file)['features'], then {numpy}"),
        FileKind::Matlab73 | FileKind::Hdf5 => {
            format!("x = h5py.File(file)['features'][:] (MATLAB's is transposed), then {numpy}")
        }
        FileKind::Text | FileKind::Json => format!("x = numpy.loadtxt(file, delimiter=','), then {numpy}"),
        other => other.way_out().map_or_else(|| format!("save an array x by {numpy}"), str::to_owned),
    };
    let claim = if has_ending(path, "npy") {
        ", no NumPy file for all its name (those begin with \\x93NUMPY)"
    } else {
        ""
    };
    format!("neither a safetensors nor a NumPy file, but {kind}{claim}; {way}")
}

fn kind(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F32 => Some(Kind::Float),
        Dtype::F64 => Some(Kind::Double),
        _ => None,
    }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Rows whose squared length is infinite, or 0 though they are not.
fn rows_without_length(features: &Tensor) -> i64 {
    let squares = features.square().sum_dim_intlist(1, false, None);
    let vanished = squares.eq(0.0).logical_and(&features.ne(0.0).any_dim(1, false));
    squares.isfinite().logical_not().logical_or(&vanished).sum(Kind::Int64).int64_value(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Named, write_tensors};

    fn read(bytes: &[u8], file: &str, name: Option<&str>) -> Result<Tensor> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        fs::write(&path, bytes).unwrap();
        FeatureFile { path, name: name.map(str::to_owned) }.read()
    }

    fn safetensors(tensors: &[(&str, Tensor)]) -> Vec<u8> {
        let named: Named = tensors.iter().map(|(name, x)| ((*name).to_owned(), x.shallow_clone())).collect();
        write_tensors(&named).unwrap()
    }

    fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [npy::MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes(), values].concat()
    }

    fn matrix() -> Tensor {
        Tensor::from_slice(&[1.5_f32, 2.0, -3.0, 0.25, 5.0, 6.0]).view([3, 2])
    }

    #[test]
    fn the_same_matrix_from_every_format() {
        let values = [1.5_f32, 2.0, -3.0, 0.25, 5.0, 6.0];
        let narrow: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let wide: Vec<u8> = values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect();
        let others =
            safetensors(&[("x", matrix()), ("labels", Tensor::from_slice(&[1_i64, 2]).view([1, 2]))]);
        for found in [
            read(&safetensors(&[("features", matrix())]), "a.safetensors", None),
            read(&others, "a.safetensors", None),
            read(&npy("<f4", "(3, 2)", &narrow), "a.npy", None),
            // The content decides.
            read(&npy("<f4", "(3, 2)", &narrow), "a.bin", None),
        ] {
            assert_eq!(found.unwrap(), matrix());
        }
        assert_eq!(
            read(&npy("<f8", "(3, 2)", &wide), "a.npy", None).unwrap(),
            matrix().to_kind(Kind::Double)
        );
    }

    #[test]
    fn several_matrices_need_a_name() {
        let file = safetensors(&[("a", matrix()), ("b", matrix() * 2.0)]);
        let message = read(&file, "a.safetensors", None).unwrap_err().to_string();
        assert!(message.contains("a F32 [3, 2]") && message.contains("b F32 [3, 2]"), "{message}");
        assert_eq!(read(&file, "a.safetensors", Some("b")).unwrap(), matrix() * 2.0);
        assert!(read(&file, "a.safetensors", Some("c")).unwrap_err().to_string().contains("no tensor `c`"));
    }

    #[test]
    fn t2_26_other_files_are_named_with_the_way_out() {
        let zip = |name: &str| {
            let mut bytes = b"PK\x03\x04".to_vec();
            bytes.resize(26, 0);
            [bytes, vec![name.len() as u8, 0, 0, 0], name.as_bytes().to_vec()].concat()
        };
        for (bytes, parts) in [
            (zip("features.npy"), ["(.npz)", "numpy.load(file)['features']"]),
            (zip("features/data.pkl"), ["zip archive", "torch.load"]),
            (b"\x1f\x8b\x08\x00".to_vec(), ["gzip", "gunzip"]),
            (b"0.5,0.25\n1,2\n".to_vec(), ["text file", "numpy.loadtxt"]),
            (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec(), ["MATLAB", "scipy.io.loadmat"]),
            (b"\x89HDF\r\n\x1a\n\0".to_vec(), ["HDF5", "h5py"]),
            (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}".to_vec(), ["pickle", "pickle.load"]),
            (Vec::new(), ["empty file", "again"]),
            (npy("|O", "()", b"\x80\x04}."), ["pickled Python object", "['features']"]),
        ] {
            let message = read(&bytes, "own.features", None).unwrap_err().to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{parts:?}: {message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn what_are_no_features_is_refused_by_file() {
        let nan = matrix().index_fill(0, &Tensor::from_slice(&[1_i64]), f64::NAN);
        for (bytes, part) in [
            (safetensors(&[("x", matrix().view([6]))]), "no matrix"),
            (safetensors(&[("x", matrix().to_kind(Kind::Int64))]), "no matrix"),
            (safetensors(&[]), "no tensor"),
            (safetensors(&[("x", nan)]), "in 1 rows (the first is row 1)"),
            (safetensors(&[("x", Tensor::zeros([0, 4], (Kind::Float, tch::Device::Cpu)))]), "empty"),
            (npy("<f4", "(1,)", &[0; 4]), "matrix"),
            (b"PK\x03\x04 and so on".to_vec(), "neither"),
            (Vec::new(), "neither"),
        ] {
            let message = read(&bytes, "own.features", None).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("own.features"), "{part}: {message}");
        }
        assert!(read(b"text", "a.npy", None).unwrap_err().to_string().contains("no NumPy file"));
        let missing = FeatureFile { path: "no/such.npy".into(), name: None }.read().unwrap_err().to_string();
        assert!(missing.contains("no/such.npy"), "{missing}");
    }
}
