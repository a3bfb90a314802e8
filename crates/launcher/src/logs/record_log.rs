//! A log of records in numbered files, which goes on where it ended.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use container_model::{LogBounds, LogStream};
use container_state::{Backwards, FILE_MARK, OutputLogFiles, PAYLOAD_MAX_BYTES, RECORD_OVERHEAD_BYTES, Record};

/// Of a log with a tiny bound, what one record may have all the same, bytes: files become that large then.
const PAYLOAD_MIN_BYTES: usize = 1024;

/// A log that is written to the last of its files. When that has grown to its bound the next one is begun, and the oldest is removed when
/// there are too many.
#[derive(Debug)]
pub(super) struct RecordLog {
    files: OutputLogFiles,
    bounds: LogBounds,
    /// Number of the last file; 0 before the first.
    number: u64,
    /// `None` until it could be made.
    file: Option<File>,
    /// Length of it, bytes; it ends with a whole record.
    length_bytes: u64,
    /// Whether the last logged line has not ended, of standard output and of standard error.
    open_lines: [bool; 2],
    /// The record that is being written.
    encoded: Vec<u8>,
}

impl RecordLog {
    /// Goes on with a log, or begins it.
    ///
    /// # Errors
    /// When the directory cannot be made, or a file not be read or written.
    pub(super) fn open(files: OutputLogFiles, bounds: LogBounds) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(files.directory()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let number = files.numbers()?.last().copied().unwrap_or(0);
        let mut log = Self {
            files,
            bounds,
            number,
            file: None,
            length_bytes: 0,
            open_lines: [false; 2],
            encoded: Vec::new(),
        };
        if number > 0 {
            log.reopen()?;
        }
        if log.file.is_none() {
            log.begin_file()?;
        }
        Ok(log)
    }

    /// Says that no line goes on: what follows is another run's.
    pub(super) fn begin_run(&mut self) {
        self.open_lines = [false; 2];
    }

    /// Appends what arrived at a time, on one stream. Blocks for the disk.
    ///
    /// # Errors
    /// When the disk takes no more; part of `bytes` may be logged. Another call may find room.
    pub(super) fn append(&mut self, stream: LogStream, time_ns: u64, bytes: &[u8]) -> io::Result<()> {
        let fitting = usize::try_from(self.bounds.file_bytes).unwrap_or(usize::MAX);
        let fitting = fitting.saturating_sub(FILE_MARK.len() + RECORD_OVERHEAD_BYTES);
        for payload in bytes.chunks(fitting.clamp(PAYLOAD_MIN_BYTES, PAYLOAD_MAX_BYTES)) {
            let line = stream as usize;
            let record = Record {
                stream,
                continues: self.open_lines[line],
                time_ns,
                payload,
            };
            let written = self.write(&record);
            // After something was lost a new line begins.
            self.open_lines[line] = written.is_ok() && payload.last() != Some(&b'\n');
            written?;
        }
        Ok(())
    }

    fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        let length_bytes = self.length_bytes + record.encoded_bytes() as u64;
        let is_empty = self.length_bytes <= FILE_MARK.len() as u64;
        if self.file.is_none() || (length_bytes > self.bounds.file_bytes && !is_empty) {
            self.begin_file()?;
        }
        let Some(file) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        // One call for each record: what is read of it meanwhile is a beginning.
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        record.encode(&mut encoded);
        let written = file.write_all(&encoded);
        self.encoded = encoded;
        match written {
            Ok(()) => self.length_bytes += record.encoded_bytes() as u64,
            // Part of the record may be there. A file that cannot be repaired is left, and readers pass over the part.
            Err(_) if file.set_len(self.length_bytes).is_err() => self.file = None,
            Err(_) => {}
        }
        written
    }

    /// Opens the last file, without what is no whole record at its end. A file of another format is left alone.
    fn reopen(&mut self) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(self.files.path(self.number))?;
        let mut mark = Vec::new();
        (&file).take(FILE_MARK.len() as u64).read_to_end(&mut mark)?;
        if mark != FILE_MARK {
            return Ok(());
        }
        let mut records = Backwards::new(&mut file)?;
        let end = records.previous()?.map_or(FILE_MARK.len() as u64, |last| last.end);
        if file.metadata()?.len() > end {
            file.set_len(end)?;
        }
        self.length_bytes = end;
        self.file = Some(file);
        Ok(())
    }

    fn begin_file(&mut self) -> io::Result<()> {
        // A number is not used again: a reader may have the file of a call that failed.
        self.number = self.number.saturating_add(1);
        let path = self.files.path(self.number);
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        // The oldest goes first: on a full disk it makes the room.
        if let Err(error) = self.remove_old().and_then(|()| file.write_all(&FILE_MARK)) {
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        self.length_bytes = FILE_MARK.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Removes the files that are too many.
    fn remove_old(&self) -> io::Result<()> {
        for old in self.files.numbers()? {
            if old.saturating_add(self.bounds.files) <= self.number {
                std::fs::remove_file(self.files.path(old))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_state::Forwards;
    use std::io::Cursor;

    const ROOMY: LogBounds = LogBounds {
        file_bytes: 1 << 20,
        files: 2,
    };

    fn files(root: &tempfile::TempDir) -> OutputLogFiles {
        OutputLogFiles::new(root.path().join("output"))
    }

    /// The records of all files: stream, whether one goes on with a line, payload.
    fn logged(files: &OutputLogFiles) -> Vec<(LogStream, bool, Vec<u8>)> {
        let mut records = Vec::new();
        for number in files.numbers().unwrap() {
            let bytes = std::fs::read(files.path(number)).unwrap();
            let mut file = Forwards::new(Cursor::new(bytes.strip_prefix(&FILE_MARK).unwrap()));
            while let Some(record) = file.next(true).unwrap() {
                records.push((record.stream, record.continues, record.payload.to_vec()));
            }
            assert_eq!(file.take_damaged_bytes(), 0);
        }
        records
    }

    #[test]
    fn lines_go_on_in_their_own_stream() {
        let root = tempfile::tempdir().unwrap();
        let mut log = RecordLog::open(files(&root), ROOMY).unwrap();
        log.append(LogStream::Stdout, 1, b"one\nt").unwrap();
        log.append(LogStream::Stderr, 2, b"oops\n").unwrap();
        log.append(LogStream::Stdout, 3, b"wo\n").unwrap();
        log.append(LogStream::Stdout, 4, b"three").unwrap();
        log.begin_run();
        log.append(LogStream::Stdout, 5, b"four").unwrap();
        let expected = [
            (LogStream::Stdout, false, b"one\nt".to_vec()),
            (LogStream::Stderr, false, b"oops\n".to_vec()),
            (LogStream::Stdout, true, b"wo\n".to_vec()),
            (LogStream::Stdout, false, b"three".to_vec()),
            (LogStream::Stdout, false, b"four".to_vec()),
        ];
        assert_eq!(logged(&files(&root)), expected);
    }

    #[test]
    fn another_writer_goes_on_behind_the_last_whole_record() {
        let root = tempfile::tempdir().unwrap();
        let files = files(&root);
        RecordLog::open(files.clone(), ROOMY)
            .unwrap()
            .append(LogStream::Stdout, 1, b"one")
            .unwrap();
        let whole = std::fs::metadata(files.path(1)).unwrap().len();
        for torn_bytes in [0, 1, 15] {
            let mut file = OpenOptions::new().append(true).open(files.path(1)).unwrap();
            file.write_all(&[0xA7; 15][..torn_bytes]).unwrap();
            let _log = RecordLog::open(files.clone(), ROOMY).unwrap();
            assert_eq!(std::fs::metadata(files.path(1)).unwrap().len(), whole);
        }
        let mut log = RecordLog::open(files.clone(), ROOMY).unwrap();
        log.append(LogStream::Stdout, 1, b"two").unwrap();
        let expected = ["one", "two"].map(|text| (LogStream::Stdout, false, text.as_bytes().to_vec()));
        assert_eq!(logged(&files), expected);
        // One of a format that does not exist yet, or that was never begun.
        for (number, foreign) in [(2, "\u{1}clog9"), (4, "")] {
            std::fs::write(files.path(number), foreign).unwrap();
            let _log = RecordLog::open(files.clone(), ROOMY).unwrap();
            assert_eq!(std::fs::read(files.path(number)).unwrap(), foreign.as_bytes());
            assert_eq!(files.numbers().unwrap().last(), Some(&(number + 1)));
        }
    }

    #[test]
    fn the_latest_records_stay_within_the_bounds() {
        for (file_bytes, count) in [(10_000, 3), (10_000, 1), (1, 2)] {
            let root = tempfile::tempdir().unwrap();
            let files = files(&root);
            let bounds = LogBounds {
                file_bytes,
                files: count,
            };
            let mut log = RecordLog::open(files.clone(), bounds).unwrap();
            let mut written = Vec::new();
            for number in 0..2000_u32 {
                let bytes = number.to_le_bytes().repeat(usize::try_from(number).unwrap() % 700 + 1);
                log.append(LogStream::Stdout, 1, &bytes).unwrap();
                written.extend_from_slice(&bytes);
                let numbers = files.numbers().unwrap();
                assert!(numbers.len() as u64 <= count, "{numbers:?}");
                for number in numbers {
                    let length = std::fs::metadata(files.path(number)).unwrap().len();
                    assert!(length <= file_bytes.max(1024 + 24), "{length}");
                }
            }
            let kept: Vec<u8> = logged(&files).into_iter().flat_map(|record| record.2).collect();
            assert!(written.ends_with(&kept) && !kept.is_empty());
            assert!(count < 3 || kept.len() > 12_000, "{}", kept.len());
        }
    }

    #[test]
    fn a_file_that_cannot_be_made_is_tried_again_with_the_next_record() {
        let root = tempfile::tempdir().unwrap();
        let files = files(&root);
        let bounds = LogBounds {
            file_bytes: 100,
            files: 9,
        };
        let mut log = RecordLog::open(files.clone(), bounds).unwrap();
        log.append(LogStream::Stdout, 1, &[b'a'; 90]).unwrap();
        let away = root.path().join("away");
        std::fs::rename(files.directory(), &away).unwrap();
        assert!(log.append(LogStream::Stdout, 1, &[b'b'; 90]).is_err());
        std::fs::rename(&away, files.directory()).unwrap();
        log.append(LogStream::Stdout, 1, &[b'c'; 90]).unwrap();
        let expected = [b'a', b'c'].map(|byte| (LogStream::Stdout, false, vec![byte; 90]));
        assert_eq!(logged(&files), expected);
    }
}
