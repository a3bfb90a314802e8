//! What a launcher said last that went away without an answer.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use container_state::{Bundle, previous_log};

use crate::EngineError;

/// How much of the end of its log is looked at, in bytes.
const TAIL_BYTES: u64 = 4 << 10;
/// How many lines of it are told.
const LINES: usize = 8;

impl EngineError {
    /// The same failure with the end of the launcher's log, if that failure is that the launcher is gone: its container may be removed next, and the log
    /// with it.
    pub(crate) fn with_last_words(self, bundle: &Bundle) -> Self {
        if !self.is_loss_of_launcher() {
            return self;
        }
        match last_lines(&bundle.launcher_log()) {
            Ok(last_words) if !last_words.is_empty() => Self::Died {
                loss: Box::new(self),
                last_words,
            },
            _ => self,
        }
    }
}

/// The last lines of a log that are not empty, also when its file has just begun and most of them are in the one before.
fn last_lines(path: &Path) -> io::Result<String> {
    let tail = [end_of(&previous_log(path))?, end_of(path)?].concat();
    let tail = String::from_utf8_lossy(&tail);
    let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    Ok(last.join("\n"))
}

/// The end of a file; nothing of one that is not there.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut end = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut end)?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_log_are_told_without_empty_ones() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("launcher.log");
        assert_eq!(last_lines(&path).unwrap(), "");
        let lines: Vec<String> = (0..2000).map(|number| format!("line {number}\n\n")).collect();
        std::fs::write(&path, lines.concat() + "gone").unwrap();
        let told = last_lines(&path).unwrap();
        assert_eq!(told.lines().count(), LINES);
        assert!(told.starts_with("line 1993\n"), "{told:?}");
        assert!(told.ends_with("line 1999\ngone"), "{told:?}");

        std::fs::rename(&path, previous_log(&path)).unwrap();
        assert_eq!(last_lines(&path).unwrap(), told);
        std::fs::write(&path, " for good\n").unwrap();
        let told = last_lines(&path).unwrap();
        assert!(told.ends_with("line 1999\ngone for good"), "{told:?}");
    }
}
