//! Files that are written whole or not at all: every file that is written goes this way, those that a user names among them.
//!
//! A link is followed, so that it stays a link. A device, a pipe or standard output is written to and never replaced. A new file gets the
//! mode that the umask leaves, one that was there keeps its own. What is written is on the disk before it takes its name, and its name is
//! before anything else is done: a power loss leaves the old file or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// Beginning of the names of files that have not got their own yet.
const UNFINISHED: &str = ".tmp-";
/// Links that are followed before they are taken for a circle.
const MOST_LINKS: usize = 40;

/// Whether `path` is a file that [`replace`] has not finished; where nobody is writing, what a killed process left.
pub fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
}

/// Has `write` fill a temporary file beside `path`, which then takes its name. Where anything fails, `path` stays as it was. Where `path`
/// is a device, a pipe or standard output, what was written is copied into it instead; a pipe whose reader has gone is no failure.
///
/// # Errors
/// The folder cannot be written, or `write` fails.
pub fn replace(path: &Path, write: impl FnOnce(&mut NamedTempFile) -> Result<()>) -> Result<()> {
    let refused = || Error::io("write", path);
    let place = Place::of(path).map_err(refused())?;
    let mut file = place.temporary().map_err(refused())?;
    write(&mut file)?;
    place.put(file).map_err(refused())
}

/// Refuses a path that cannot be written in the end, before hours of work. Leaves everything as it was.
///
/// # Errors
/// [`Error::File`] or [`Error::Io`] that names the path: it is a folder, its folder is missing or cannot be written, or the file itself
/// cannot.
pub fn check_output(path: &Path) -> Result<()> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(Error::file(path, "is a folder; the name of a file to write is needed"));
    }
    let place = Place::of(path).map_err(Error::io("write", path))?;
    match &place {
        // Opening a pipe would wait for its reader.
        Place::Standard | Place::Special(_) => Ok(()),
        Place::File(target) => {
            let folder = folder_of(target);
            if !folder.is_dir() {
                let reason = format!("cannot be written: there is no folder {}", folder.display());
                return Err(Error::file(path, reason));
            }
            // A file that may not be written is not replaced either, though its folder might allow it.
            if target.exists() {
                OpenOptions::new().append(true).open(target).map_err(Error::io("write", path))?;
            }
            place.temporary().map(drop).map_err(Error::io("write", path))
        }
    }
}

/// [`check_output`] of each of `outputs`, which come with the name of their flag; none may be one of `inputs` or another output, by
/// whatever path or link. Devices and pipes may be named twice.
///
/// # Errors
/// As [`check_output`]; [`Error::Usage`] that names both flags.
pub fn check_outputs(outputs: &[(&str, &Path)], inputs: &[(&str, &Path)]) -> Result<()> {
    for (at, (flag, path)) in outputs.iter().enumerate() {
        check_output(path)?;
        let others = outputs[..at].iter().chain(inputs);
        if let Some((other, _)) = others.filter(|_| !is_special(path)).find(|(_, other)| is_same(path, other))
        {
            let text = format!("{flag} {}: this is the file of {other}; give another name", path.display());
            return Err(Error::Usage(text));
        }
    }
    Ok(())
}

/// Refuses an ending that promises another format than the one that is written: `formats` are the endings that fit, the first the one to
/// propose. No ending promises nothing, and a device has none.
///
/// # Errors
/// [`Error::Usage`] that names the path and the endings.
pub fn check_ending(path: &Path, formats: &[&str]) -> Result<()> {
    let Some(ending) = path.extension() else { return Ok(()) };
    if is_special(path) || formats.iter().any(|format| ending.eq_ignore_ascii_case(format)) {
        return Ok(());
    }
    let known: Vec<String> = formats.iter().map(|format| format!(".{format}")).collect();
    let text = format!("{}: .{} is not written here", path.display(), ending.to_string_lossy());
    Err(Error::Usage(format!("{text}; end the name in {}", known.join(" or "))))
}

/// True where what is at `path` is no regular file: a device, a pipe, a socket, or standard output.
pub fn is_special(path: &Path) -> bool {
    Place::of(path).is_ok_and(|place| !matches!(place, Place::File(_)))
}

/// True where writing to `path` is writing to standard output.
pub fn is_standard_output(path: &Path) -> bool {
    matches!(Place::of(path), Ok(Place::Standard))
}

/// True where both paths lead to one file, there or yet to be made.
fn is_same(one: &Path, other: &Path) -> bool {
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => matches!((Place::of(one), Place::of(other)),
            (Ok(Place::File(one)), Ok(Place::File(other))) if whole_path(&one) == whole_path(&other)),
        _ => false,
    }
}

/// Where a file goes.
#[derive(Debug)]
enum Place {
    /// Standard output: what a shell opened is not opened again, which would begin at its start.
    Standard,
    /// A device or a pipe, to be opened and written to.
    Special(PathBuf),
    /// A regular file or none yet, links followed.
    File(PathBuf),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let kind = match fs::metadata(path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match kind {
            Some(found) if is_stdout(&found) => Ok(Self::Standard),
            Some(found) if !found.is_file() => Ok(Self::Special(path.to_owned())),
            _ if is_descriptor(path) => Ok(Self::Special(path.to_owned())),
            _ => follow(path).map(Self::File),
        }
    }

    /// A file to fill: in the folder where it will stay, or among the system's temporary files.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = Builder::new();
        builder.prefix(UNFINISHED);
        match self {
            Self::Standard | Self::Special(_) => builder.tempfile(),
            Self::File(target) => {
                readable(&mut builder);
                builder.tempfile_in(folder_of(target))
            }
        }
    }

    /// Puts a filled file where it belongs.
    fn put(&self, mut file: NamedTempFile) -> io::Result<()> {
        file.flush()?;
        match self {
            Self::Standard => copy(&mut file, &mut io::stdout().lock()),
            Self::Special(path) => {
                copy(&mut file, &mut OpenOptions::new().write(true).truncate(true).open(path)?)
            }
            Self::File(target) => {
                if let Ok(old) = fs::metadata(target) {
                    file.as_file().set_permissions(old.permissions())?;
                }
                file.as_file().sync_all()?;
                file.persist(target).map_err(|error| error.error)?;
                sync_folder(folder_of(target));
                Ok(())
            }
        }
    }
}

/// Some file systems cannot; the file is there all the same.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// A reader that has seen enough is no failure.
fn copy(from: &mut NamedTempFile, to: &mut dyn Write) -> io::Result<()> {
    from.seek(SeekFrom::Start(0))?;
    match io::copy(from, to).and_then(|_| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The path at the end of a chain of links, which need not be there.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = folder_of(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links, perhaps in a circle"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path without links and dots in its folders.
fn whole_path(path: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder_of(path)).unwrap_or_else(|_| folder_of(path).to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}

/// `/dev/fd/3`, `/proc/self/fd/3`: an open file by its number, whatever kind of file it is.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"].iter().any(|start| path.starts_with(start))
        && path.exists()
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

#[cfg(unix)]
fn is_stdout(found: &fs::Metadata) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let own = io::stdout().as_fd().try_clone_to_owned().map(File::from).and_then(|file| file.metadata());
    own.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn is_stdout(_: &fs::Metadata) -> bool {
    false
}

/// Temporary files are private; ours are as readable as the umask lets them be.
#[cfg(unix)]
fn readable(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn readable(_: &mut Builder<'_, '_>) {}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    use super::*;

    fn write(path: &Path, text: &str) -> Result<()> {
        replace(path, |file| file.write_all(text.as_bytes()).map_err(Error::io("write", path)))
    }

    #[test]
    fn a_link_stays_a_link_and_what_it_names_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, dangling] = ["file", "link", "dangling"].map(|name| folder.path().join(name));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        symlink("new", &dangling).unwrap();
        write(&link, "a").unwrap();
        write(&dangling, "b").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "a");
        assert_eq!(fs::read_to_string(folder.path().join("new")).unwrap(), "b");
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(check_output(&circle).is_err() && write(&circle, "c").is_err());
    }

    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        check_output(&pipe).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write(&pipe, "text").unwrap();
        assert_eq!(reader.join().unwrap(), "text");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert!(write(Path::new("/dev/full"), "text").is_err());
    }

    #[test]
    fn modes_are_those_of_any_new_file_or_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, ours] = ["plain", "ours"].map(|name| folder.path().join(name));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&plain, "").unwrap();
        write(&ours, "").unwrap();
        assert_eq!(mode(&ours), mode(&plain));
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
        write(&ours, "again").unwrap();
        assert_eq!(mode(&ours), 0o640);
    }

    #[test]
    fn one_file_under_two_names_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, hard, new, other] =
            ["file", "link", "hard", "new", "./new"].map(|name| folder.path().join(name));
        fs::write(&file, "").unwrap();
        symlink("file", &link).unwrap();
        fs::hard_link(&file, &hard).unwrap();
        let refused =
            |output: &Path, input: &Path| check_outputs(&[("--out", output)], &[("--in", input)]).is_err();
        assert!(
            refused(&file, &file) && refused(&link, &file) && refused(&file, &link) && refused(&hard, &file)
        );
        assert!(!refused(&new, &file));
        let twice = check_outputs(&[("--json", &new), ("--csv", &other)], &[]).unwrap_err();
        assert!(twice.is_usage() && twice.to_string().contains("--json"), "{twice}");
        let null = Path::new("/dev/null");
        check_outputs(&[("--json", null), ("--csv", null)], &[]).unwrap();
        assert!(files_in(folder.path()) == 3, "a check leaves nothing");
    }

    fn files_in(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn endings_promise_a_format() {
        for (name, fits) in
            [("a.csv", true), ("a.CSV", true), ("a", true), ("a.npy", false), ("/dev/null", true)]
        {
            assert_eq!(check_ending(Path::new(name), &["csv", "txt"]).is_ok(), fits, "{name}");
        }
    }
}
