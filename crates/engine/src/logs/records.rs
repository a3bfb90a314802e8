//! A log of records that grows while it is read, from one of its files to the next.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};

use container_state::{Forwards, OutputLogFiles};

use super::CHUNK_BYTES;
use super::lines::{LineOptions, Lines, LogPiece, Pieces};
use super::start::{Start, first_since, last_lines};

/// A log and how far it was read. Its calls block for the disk.
pub(super) struct RecordedLog {
    files: OutputLogFiles,
    /// The file that is read, and its number; `None` until there is one.
    current: Option<(u64, Forwards<File>)>,
    /// The file after it: no more is written to the current one.
    successor: Option<u64>,
    /// What of the first record is before the start, bytes.
    skipped: usize,
    lines: Lines,
    damaged_bytes: u64,
}

impl RecordedLog {
    /// Opens a log at its beginning, or before its last `tail` lines.
    pub(super) fn open(files: OutputLogFiles, options: LineOptions, tail: Option<usize>) -> io::Result<Self> {
        let start = match (tail, options.since) {
            (Some(wanted), _) => last_lines(&files, wanted, options.until)?,
            (None, Some(since)) => first_since(&files, since)?,
            (None, None) => None,
        };
        let from_beginning = start.is_none() && options.since.is_none();
        let mut log = Self {
            files,
            current: None,
            successor: None,
            skipped: 0,
            lines: Lines::new(options, from_beginning),
            damaged_bytes: 0,
        };
        if let Some(start) = start {
            log.begin(start)?;
        }
        Ok(log)
    }

    fn begin(&mut self, start: Start) -> io::Result<()> {
        if let Some(mut file) = self.files.open(start.number)? {
            file.seek(SeekFrom::Start(start.offset))?;
            self.current = Some((start.number, Forwards::new(file)));
            self.skipped = start.skipped;
        }
        Ok(())
    }

    /// What is shown of the next records; nothing at the end of what there is by now. `is_complete` says that nothing more is
    /// written.
    pub(super) fn read(&mut self, is_complete: bool) -> io::Result<Vec<LogPiece>> {
        let mut pieces = Pieces::default();
        while pieces.length_bytes() < CHUNK_BYTES && !self.lines.is_past() {
            if !self.read_record(is_complete, &mut pieces)? && !self.go_on()? {
                break;
            }
        }
        Ok(pieces.finish().collect())
    }

    /// Whether a line has begun that is later than all that are shown.
    pub(super) fn is_past(&self) -> bool {
        self.lines.is_past()
    }

    /// How many bytes were passed over that are no records, since this was asked last.
    pub(super) fn take_damaged_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.damaged_bytes)
    }

    /// Whether there was another record in the current file.
    fn read_record(&mut self, is_complete: bool, pieces: &mut Pieces) -> io::Result<bool> {
        let Some((_, file)) = &mut self.current else {
            return Ok(false);
        };
        let is_complete = is_complete || self.successor.is_some();
        let is_some = match file.next(is_complete)? {
            Some(mut record) => {
                if self.skipped > 0 {
                    record.payload = record.payload.get(self.skipped..).unwrap_or_default();
                    record.continues = false;
                    self.skipped = 0;
                }
                self.lines.push(&record, pieces);
                true
            }
            None => false,
        };
        self.damaged_bytes += file.take_damaged_bytes();
        Ok(is_some)
    }

    /// Whether there may be more after the end of the current file: in it, as another one has been begun meanwhile, or in that.
    fn go_on(&mut self) -> io::Result<bool> {
        let number = self.current.as_ref().map_or(0, |current| current.0);
        let Some(successor) = self.successor.take() else {
            self.successor = self.files.after(number)?;
            return Ok(self.successor.is_some());
        };
        // One that was removed because of the log's bound is passed over, as is one whose writer found no room.
        let mut next = Some(successor);
        while let Some(number) = next {
            if let Some(file) = self.files.open(number)? {
                self.current = Some((number, Forwards::new(file)));
                return Ok(true);
            }
            next = self.files.after(number)?;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::written::Written;
    use container_model::LogStream::{self, Stderr, Stdout};
    use container_state::FILE_MARK;
    use time::OffsetDateTime;

    fn opened(log: &Written, tail: Option<usize>) -> RecordedLog {
        RecordedLog::open(log.files.clone(), LineOptions::default(), tail).unwrap()
    }

    /// All that there is by now, of both streams.
    fn read(log: &mut RecordedLog) -> String {
        let mut text = Vec::new();
        loop {
            let pieces = log.read(false).unwrap();
            if pieces.is_empty() {
                return String::from_utf8(text).unwrap();
            }
            pieces.iter().for_each(|piece| text.extend_from_slice(&piece.bytes));
        }
    }

    #[test]
    fn a_log_that_appears_later_and_grows_over_files_is_read_once() {
        let mut log = Written::new();
        let mut reader = opened(&log, None);
        assert_eq!(read(&mut reader), "");
        log.file(&[]);
        assert_eq!(read(&mut reader), "");
        log.append(Stdout, 1, "one\n");
        assert_eq!(read(&mut reader), "one\n");
        log.append(Stdout, 1, "two\n");
        log.file(&[(Stdout, 2, "three\n")]);
        log.file(&[(Stderr, 2, "four\n")]);
        assert_eq!(read(&mut reader), "two\nthree\nfour\n");
        log.append(Stdout, 1, "five\n");
        assert_eq!(read(&mut reader), "five\n");
    }

    #[test]
    fn files_that_were_removed_meanwhile_are_passed_over() {
        let mut log = Written::new();
        log.file(&[(Stdout, 1, "one\n")]);
        let mut reader = opened(&log, None);
        assert_eq!(read(&mut reader), "one\n");
        log.append(Stdout, 1, "two\n");
        log.file(&[(Stdout, 1, "three\n")]);
        log.file(&[(Stdout, 1, "four\n")]);
        for number in [1, 2] {
            std::fs::remove_file(log.files.path(number)).unwrap();
        }
        assert_eq!(read(&mut reader), "two\nfour\n");
    }

    #[test]
    fn a_record_that_is_being_written_is_waited_for() {
        let mut log = Written::new();
        log.file(&[(Stdout, 1, "one\n")]);
        let whole = std::fs::read(log.files.path(1)).unwrap();
        let (head, rest) = whole[FILE_MARK.len()..].split_at(9);
        let mut reader = opened(&log, None);
        log.append_bytes(head);
        assert_eq!(read(&mut reader), "one\n");
        log.append_bytes(rest);
        assert_eq!(read(&mut reader), "one\n");
        assert_eq!(reader.take_damaged_bytes(), 0);
        log.append_bytes(head);
        log.file(&[(Stdout, 1, "two\n")]);
        assert_eq!(read(&mut reader), "two\n");
        assert_eq!(reader.take_damaged_bytes(), 9);
    }

    #[test]
    fn last_lines_of_both_streams_are_read_from_where_they_begin() {
        let mut log = Written::new();
        log.file(&[(Stdout, 1, "one\ntwo"), (Stderr, 1, "oops\n")]);
        log.file(&[(Stdout, 2, " and on\nthree\n")]);
        for (tail, expected) in [
            (0, ""),
            (1, "three\n"),
            (2, "oops\nthree\n"),
            (3, "twooops\n and on\nthree\n"),
            (4, "one\ntwooops\n and on\nthree\n"),
            (9, "one\ntwooops\n and on\nthree\n"),
        ] {
            let mut reader = opened(&log, Some(tail));
            assert_eq!(read(&mut reader), expected, "{tail}");
            log.append(Stdout, 3, "more\n");
            assert_eq!(read(&mut reader), "more\n", "{tail}");
            // As it was before.
            let file = File::options().write(true).open(log.files.path(2)).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len(length - 21).unwrap();
        }
    }

    #[test]
    fn reading_ends_with_what_is_too_late() {
        let mut log = Written::new();
        let records: Vec<(LogStream, u64, &str)> = (0..9).map(|second| (Stdout, second, "x\n")).collect();
        log.file(&records);
        let seconds = |seconds| Some(OffsetDateTime::from_unix_timestamp(seconds).unwrap());
        let options = LineOptions {
            since: seconds(3),
            until: seconds(5),
            ..LineOptions::default()
        };
        let mut reader = RecordedLog::open(log.files.clone(), options, None).unwrap();
        assert_eq!(read(&mut reader), "x\nx\nx\n");
        assert!(reader.is_past());
    }

    #[test]
    fn a_file_of_another_format_is_not_read_as_this_one() {
        let mut log = Written::new();
        log.file(&[]);
        std::fs::write(log.files.path(1), b"\xFFclog2\r\n").unwrap();
        let mut reader = opened(&log, None);
        assert!(
            reader
                .read(true)
                .unwrap_err()
                .to_string()
                .contains("not a log of this release")
        );
    }
}
