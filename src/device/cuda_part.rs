//! The CUDA part of the libtorch in use, loaded at run time.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The library that every program of ours is linked to, and the one beside it that holds the CUDA kernels.
const CPU_LIBRARY: &str = "libtorch_cpu.so";
const CUDA_LIBRARY: &str = "libtorch_cuda.so";

unsafe extern "C" {
    fn mmt_full_precision();
}

/// The outcome of loading the CUDA part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CudaPart {
    /// This libtorch has none.
    Absent,
    /// It is there and does not load.
    Broken {
        /// Its file.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// Loaded, from this file.
    Loaded(PathBuf),
}

/// Loads the CUDA part of the libtorch in use, once in a process; later calls return what the first one found.
///
/// libtorch looks for its CUDA part once, at the first call that could concern it, and remembers the answer: call this before any
/// other function of tch. It says nothing and costs nothing where there is no such part. Where there is one, convolutions in f32 are
/// set to f32 (libtorch's own default on cards is TF32, with 10 bits of mantissa).
pub fn load_cuda_part() -> &'static CudaPart {
    static PART: OnceLock<CudaPart> = OnceLock::new();
    PART.get_or_init(|| match library_folder() {
        Some(folder) => load(&folder.join(CUDA_LIBRARY)),
        None => CudaPart::Absent,
    })
}

/// Folder of the libtorch that this process uses.
pub(super) fn library_folder() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    mapped_file(&maps, CPU_LIBRARY)?.parent().map(Path::to_owned)
}

/// The first mapped file of that name in the text of `/proc/self/maps`.
fn mapped_file(maps: &str, name: &str) -> Option<PathBuf> {
    let paths = maps.lines().filter_map(|line| Some(Path::new(&line[line.find('/')?..])));
    paths.into_iter().find(|path| path.file_name().is_some_and(|file| file == name)).map(Path::to_owned)
}

fn load(path: &Path) -> CudaPart {
    if !path.is_file() {
        return CudaPart::Absent;
    }
    match open(path) {
        Ok(()) => {
            // SAFETY: takes nothing, sets two switches of libtorch, and lets no exception out.
            unsafe { mmt_full_precision() };
            CudaPart::Loaded(path.to_owned())
        }
        Err(reason) => CudaPart::Broken { path: path.to_owned(), reason },
    }
}

/// Loads a library for good, its symbols visible to all: libtorch's registries find the CUDA part by them.
#[cfg(unix)]
fn open(path: &Path) -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

    // SAFETY: runs the library's initialisers; it is the part of the libtorch in use that PyTorch itself loads in this way.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    // Never unloaded: libtorch keeps pointers into it.
    let _ = library.map_err(|error| in_words(&error))?.into_raw();
    Ok(())
}

#[cfg(not(unix))]
fn open(_: &Path) -> Result<(), String> {
    Err("libraries are loaded on Unix systems only".to_owned())
}

/// The loader's own words, which stand in the source of the error.
pub(super) fn in_words(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_among_the_mapped_files() {
        let maps = "55d0-55d1 r--p 00000000 fe:00 12  /usr/bin/my libtorch_cpu.so user\n\
            7f00-7f01 rw-p 00000000 00:00 0 \n\
            7f01-7f02 r-xp 00000000 fe:00 77         /opt/a folder/lib/libtorch_cpu.so\n\
            7f02-7f03 r-xp 00000000 fe:00 78         /opt/other/libtorch_cpu.so\n";
        assert_eq!(mapped_file(maps, CPU_LIBRARY), Some("/opt/a folder/lib/libtorch_cpu.so".into()));
        assert_eq!(mapped_file(maps, CUDA_LIBRARY), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_very_program_has_a_libtorch() {
        assert!(library_folder().unwrap().join(CPU_LIBRARY).is_file());
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_library_is_said_in_the_loaders_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CUDA_LIBRARY);
        assert_eq!(load(&path), CudaPart::Absent);
        std::fs::write(&path, "no library").unwrap();
        match load(&path) {
            CudaPart::Broken { reason, .. } => assert!(reason.contains(CUDA_LIBRARY), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}
