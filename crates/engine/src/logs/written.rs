//! Logs of records for tests.

use std::io::{Cursor, Write as _};

use container_model::LogStream;
use container_state::{FILE_MARK, Forwards, OutputLogFiles, Record};
use tempfile::TempDir;

/// A log that is written in a test.
pub(super) struct Written {
    _root: TempDir,
    pub(super) files: OutputLogFiles,
    number: u64,
    open_lines: [bool; 2],
}

impl Written {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let files = OutputLogFiles::new(root.path().to_owned());
        Self {
            _root: root,
            files,
            number: 0,
            open_lines: [false; 2],
        }
    }

    /// Begins the next file, with these records: stream, seconds since the epoch, payload.
    pub(super) fn file(&mut self, records: &[(LogStream, u64, &str)]) {
        self.number += 1;
        std::fs::write(self.files.path(self.number), FILE_MARK).unwrap();
        for (stream, seconds, payload) in records {
            self.append(*stream, *seconds, payload);
        }
    }

    /// Appends to the last file.
    pub(super) fn append(&mut self, stream: LogStream, seconds: u64, payload: &str) {
        let record = Record {
            stream,
            continues: self.open_lines[stream as usize],
            time_ns: seconds * 1_000_000_000,
            payload: payload.as_bytes(),
        };
        self.open_lines[stream as usize] = !payload.ends_with('\n');
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        self.append_bytes(&bytes);
    }

    /// Appends anything to the last file.
    pub(super) fn append_bytes(&self, bytes: &[u8]) {
        let path = self.files.path(self.number);
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    /// The records of one file from an offset on.
    pub(super) fn records(&self, number: u64, offset: u64) -> Vec<(LogStream, String)> {
        let bytes = std::fs::read(self.files.path(number)).unwrap();
        let mut log = Forwards::new(Cursor::new(&bytes[usize::try_from(offset).unwrap()..]));
        let mut records = Vec::new();
        while let Some(record) = log.next(true).unwrap() {
            records.push((record.stream, String::from_utf8(record.payload.to_vec()).unwrap()));
        }
        records
    }
}
