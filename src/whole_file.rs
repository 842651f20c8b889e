//! Files that are written whole or not at all.

use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// Beginning of the names of files that have not got their own yet.
const UNFINISHED: &str = ".tmp-";

/// Whether `path` is a file that [`replace`] has not finished; where nobody is writing, what a killed process left.
pub fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
}

/// Has `write` fill a temporary file beside `path`, which then takes its name. Where anything fails, `path` stays as it was.
///
/// # Errors
/// The folder cannot be written, or `write` fails.
pub fn replace(path: &Path, write: impl FnOnce(&mut NamedTempFile) -> Result<()>) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = Builder::new().prefix(UNFINISHED).tempfile_in(folder).map_err(Error::io("write", path))?;
    write(&mut file)?;
    // Temporary files are private; ours are as readable as the folder lets them be.
    set_readable(file.as_file()).map_err(Error::io("write", path))?;
    file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

#[cfg(unix)]
fn set_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
