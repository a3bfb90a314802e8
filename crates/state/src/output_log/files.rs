//! The files of a log.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// First bytes of every file; the digit is the version of the format. No text in UTF-8 begins like this.
pub const FILE_MARK: [u8; 8] = *b"\xFFclog1\r\n";

/// What the name of a file has after its number.
const EXTENSION: &str = ".log";

/// The files of a log, in a directory that need not exist: `1.log`, `2.log` and so on, the higher the later. Of those that are missing,
/// the low ones were removed because the log has a bound; others could not be written.
#[derive(Debug, Clone)]
pub struct OutputLogFiles {
    directory: PathBuf,
}

impl OutputLogFiles {
    /// The files in `directory`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of one of them.
    #[must_use]
    pub fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number}{EXTENSION}"))
    }

    /// The numbers of those that exist, the oldest first.
    ///
    /// # Errors
    /// When the directory cannot be read. One that does not exist has no files.
    pub fn numbers(&self) -> io::Result<Vec<u64>> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            numbers.extend(entry?.file_name().to_str().and_then(number));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The number of the oldest file that is later than `number`.
    ///
    /// # Errors
    /// As of [`numbers`](Self::numbers).
    pub fn after(&self, number: u64) -> io::Result<Option<u64>> {
        Ok(self.numbers()?.into_iter().find(|later| *later > number))
    }

    /// Opens a file for reading, behind its mark; `None` when there is none, or nothing in it yet.
    ///
    /// # Errors
    /// When it cannot be read, or is of another format.
    pub fn open(&self, number: u64) -> io::Result<Option<File>> {
        let mut file = match File::open(self.path(number)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut mark = Vec::new();
        (&mut file).take(FILE_MARK.len() as u64).read_to_end(&mut mark)?;
        match mark == FILE_MARK {
            true => Ok(Some(file)),
            false if FILE_MARK.starts_with(&mark) => Ok(None),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not a log of this release", self.path(number).display()),
            )),
        }
    }
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(EXTENSION)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_the_order_of_time_and_other_names_are_not_files_of_the_log() {
        let root = tempfile::tempdir().unwrap();
        let files = OutputLogFiles::new(root.path().join("output"));
        assert!(files.numbers().unwrap().is_empty(), "without a directory");
        std::fs::create_dir(files.directory()).unwrap();
        for name in ["10.log", "2.log", "9.log", "03.log", "x.log", "4", "+5.log", ".log"] {
            std::fs::write(files.directory().join(name), "").unwrap();
        }
        assert_eq!(files.numbers().unwrap(), [2, 9, 10]);
        assert_eq!(files.after(2).unwrap(), Some(9));
        assert_eq!(files.after(10).unwrap(), None);
    }
}
