//! Statements of libtorch about itself.

use std::ffi::{CStr, c_char, c_int};
use std::path::PathBuf;

use tch::Cuda;

use super::cuda_part::{CudaPart, library_folder, load_cuda_part};
use super::driver::Version;

unsafe extern "C" {
    fn mmt_libtorch_config(text: *mut c_char, size: c_int);
}

/// The libtorch in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    /// Its version.
    pub version: Option<String>,
    /// Folder of its libraries.
    pub folder: Option<PathBuf>,
    /// Its CUDA part.
    pub cuda_part: CudaPart,
    /// Version of CUDA that the CUDA part was made with.
    pub cuda: Option<Version>,
    /// Compute capabilities that the CUDA part holds kernels for, ascending; none where it does not say, as without a driver.
    pub kernels: Vec<Version>,
    /// Cards that libtorch itself sees, once it was asked.
    pub cards: Option<usize>,
}

impl Libtorch {
    /// Loads the CUDA part, if there is one, and asks.
    pub fn ask() -> Self {
        let cuda_part = load_cuda_part().clone();
        let text = config();
        let loaded = matches!(cuda_part, CudaPart::Loaded(_));
        let when_loaded = |value| if loaded { value } else { None };
        Self {
            version: setting(&text, "TORCH_VERSION").map(str::to_owned),
            folder: library_folder(),
            cuda: when_loaded(setting(&text, "CUDA_VERSION").and_then(version)),
            kernels: if loaded { kernels(&text) } else { Vec::new() },
            cards: None,
            cuda_part,
        }
    }

    /// Asks how many cards libtorch sees; it warns on standard error where driver or card do not suit it.
    pub fn count_cards(&mut self) {
        self.cards = usize::try_from(Cuda::device_count()).ok();
    }

    /// The oldest compute capability that a libtorch of that CUDA can hold kernels for.
    pub fn oldest(&self) -> Version {
        match (self.kernels.first(), self.cuda) {
            (Some(oldest), _) => *oldest,
            (None, Some(Version(13.., _))) => Version(7, 5),
            (None, Some(Version(12, _))) => Version(5, 0),
            (None, _) => Version(3, 5),
        }
    }
}

/// libtorch's text on how it was built.
fn config() -> String {
    let mut text: Vec<c_char> = vec![0; 16 * 1024];
    // SAFETY: the buffer is as long as said, and the shim ends its text with a 0.
    unsafe {
        mmt_libtorch_config(text.as_mut_ptr(), text.len() as c_int);
        CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
    }
}

/// The value of `NAME=value` in the list of settings, which commas part.
fn setting<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut settings = text.split([',', '\n', ' ']);
    settings.find_map(|setting| setting.strip_prefix(name)?.strip_prefix('='))
}

/// `13.0` or `13.0.1`.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some(Version(numbers.next()??, numbers.next()??))
}

/// The capabilities of `-gencode;arch=compute_75,code=sm_75;...`. A letter behind the number (`90a`) is left away.
fn kernels(text: &str) -> Vec<Version> {
    let codes = text.split([';', ',', ' ', '\n', '=']).filter_map(|word| {
        let digits = word.strip_prefix("sm_")?.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let number: u32 = digits.parse().ok()?;
        Some(Version(number / 10, number % 10))
    });
    let mut found: Vec<Version> = codes.collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_kernels_are_found_in_the_text() {
        let text = "libtorch built with:\n  - NVCC architecture flags: -gencode;arch=compute_100,code=sm_100;\
            -gencode;arch=compute_75,code=sm_75;-gencode;arch=compute_90a,code=sm_90a;\n\
            \x20 - Build settings: BLAS_INFO=mkl, CUDA_VERSION=13.0, CXX_FLAGS= -O2 -Wall, TORCH_VERSION=2.11.0, USE_CUDA=ON, \n";
        assert_eq!(setting(text, "TORCH_VERSION"), Some("2.11.0"));
        assert_eq!(setting(text, "CUDA_VERSION").and_then(version), Some(Version(13, 0)));
        assert_eq!(kernels(text), [Version(7, 5), Version(9, 0), Version(10, 0)]);
        assert_eq!((setting(text, "CUDNN_VERSION"), version("13"), version("x.y")), (None, None, None));
    }

    #[test]
    fn the_libtorch_in_use_knows_its_version() {
        assert!(Libtorch::ask().version.is_some_and(|version| version.starts_with("2.")));
    }
}
