//! Where records come from: the source, the command, the day. For people; nothing compares it.
//!
//! The source is looked at once per process: what is committed while a run goes on has no part in the program that runs.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::record::{Provenance, SCHEMA_VERSION};

static COMMIT: OnceLock<Option<String>> = OnceLock::new();

/// That of a job that begins now.
pub(super) fn provenance() -> Provenance {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Provenance {
        schema: SCHEMA_VERSION,
        commit: COMMIT.get_or_init(|| commit(Path::new(env!("CARGO_MANIFEST_DIR")))).clone(),
        command: command(std::env::args()),
        begun: date(now),
    }
}

/// The commit of the source, and whether it was changed since; none where the source is not at hand, or is in no repository.
fn commit(source: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(source).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    Some(if changed { format!("{commit}, changed") } else { commit })
}

/// As it could be typed again; the program without its folder.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let word = |(at, word): (usize, String)| match Path::new(&word).file_name() {
        Some(name) if at == 0 => name.to_string_lossy().into_owned(),
        _ if word.is_empty()
            || word.contains(|letter: char| letter.is_whitespace() || "'\"$\\".contains(letter)) =>
        {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
        _ => word,
    };
    arguments.enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// `2026-11-27 02:40 UTC` for seconds since 1970, by the calendar of Gregory.
fn date(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02} {:02}:{:02} UTC", days + 1, rest / 3600, rest / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known instants, among them the last day of a leap February and of a year.
    #[test]
    fn seconds_are_dates() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_000_000_000), "2001-09-09 01:46 UTC");
        assert_eq!(date(1_767_225_599), "2025-12-31 23:59 UTC");
    }

    #[test]
    fn a_command_can_be_typed_again() {
        let typed = ["/a b/reproduce", "--seeds", "1,2", "--out", "my runs", "it's"].map(str::to_owned);
        assert_eq!(command(typed.into_iter()), r"reproduce --seeds 1,2 --out 'my runs' 'it'\''s'");
    }

    #[test]
    fn without_a_repository_there_is_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(commit(folder.path()), None);
    }
}
