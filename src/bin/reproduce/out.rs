//! Standard output and standard error: the one place of the program that writes to them.
//!
//! A reader that has seen enough (`| head`) ends nothing: what is left is not printed, the work goes on, and the exit status is that of
//! the work. Any other refusal, such as a full disk, is an error and ends with exit status 1. Standard error has nobody to complain to.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mmt::whole_file::is_standard_output;
use mmt::{Error, Result};

/// Set once the reader of standard output is gone.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Writes `text` to standard output as it stands.
///
/// # Errors
/// Standard output refuses, and not because its reader is gone.
pub fn print(text: &str) -> Result<()> {
    if CLOSED.load(Ordering::Relaxed) {
        return Ok(());
    }
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            CLOSED.store(true, Ordering::Relaxed);
            Ok(())
        }
        other => other.map_err(Error::io("write", "standard output")),
    }
}

/// `print` of a line.
pub fn print_line(line: &str) -> Result<()> {
    print(&format!("{line}\n"))
}

/// `print`, or to standard error where one of `files` is standard output itself (`--out /dev/stdout`): what a program reads there must
/// hold nothing else.
pub fn print_beside(files: &[&Path], text: &str) -> Result<()> {
    if files.iter().any(|file| is_standard_output(file)) {
        write_error(text);
        return Ok(());
    }
    print(text)
}

/// A line on standard error.
pub fn say(line: &str) {
    write_error(&format!("{line}\n"));
}

/// Writes what clap has to say (help, version, a wrong command line) and returns its exit status.
///
/// # Errors
/// Standard output refuses the help.
pub fn clap_message(message: &clap::Error) -> Result<i32> {
    let text = message.render();
    if message.use_stderr() {
        let coloured = io::stderr().is_terminal();
        write_error(&if coloured { text.ansi().to_string() } else { text.to_string() });
    } else {
        let coloured = io::stdout().is_terminal();
        print(&if coloured { text.ansi().to_string() } else { text.to_string() })?;
    }
    Ok(message.exit_code())
}

fn write_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
