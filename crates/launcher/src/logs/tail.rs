//! The guest's console, for error messages.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use container_terminal::excerpt;

/// How much of the end of the log is looked at, bytes.
pub(crate) const TAIL_BYTES: usize = 16 << 10;
/// How many of the last lines are shown.
const TAIL_LINES: usize = 15;
/// Longest line that is shown, characters.
const LINE_CHARACTERS: usize = 200;

/// The last lines of a console log, or nothing when there are none, as by [`last_lines`].
pub(crate) fn tail(log: &Path) -> Vec<String> {
    read_end(log).map(|bytes| last_lines(&bytes)).unwrap_or_default()
}

fn read_end(log: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    let tail_bytes = TAIL_BYTES as u64;
    file.seek(SeekFrom::Start(length.saturating_sub(tail_bytes)))?;
    let mut bytes = Vec::new();
    file.take(tail_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last lines of what a guest wrote to its console: they are made fit to be shown, and lines are cut.
pub(crate) fn last_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .map(|line| excerpt(line, LINE_CHARACTERS))
        .filter(|line| !line.is_empty())
        .take(TAIL_LINES)
        .collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_shown_without_control_characters() {
        let text: String = (0..100).map(|n| format!("line {n}\r\n\n")).collect();
        let lines = last_lines(format!("{text}\u{1b}[2Jlast").as_bytes());
        assert_eq!(lines.len(), TAIL_LINES);
        assert_eq!(lines[TAIL_LINES - 1], "\u{fffd}[2Jlast");
        assert_eq!(lines[0], "line 86");
    }

    #[test]
    fn a_missing_log_has_no_lines() {
        assert!(tail(Path::new("/nonexistent")).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_console_output_gets_through_unbounded(bytes: Vec<u8>) {
            for line in last_lines(&bytes) {
                proptest::prop_assert!(!line.chars().any(char::is_control));
                proptest::prop_assert!(line.chars().count() <= LINE_CHARACTERS);
            }
        }
    }
}
