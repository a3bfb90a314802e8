//! Reading a file of a log from its end.

use std::io::{self, Read, Seek, SeekFrom};

use super::files::FILE_MARK;
use super::record::{PAYLOAD_MAX_BYTES, RECORD_OVERHEAD_BYTES, Record};

/// Bytes that are read at once.
const WINDOW_BYTES: u64 = 256 << 10;
/// Length of the longest record.
const RECORD_MAX_BYTES: u64 = (PAYLOAD_MAX_BYTES + RECORD_OVERHEAD_BYTES) as u64;

/// The records of a file, the last one first. What is at the end of the file and is no whole record is passed over.
#[derive(Debug)]
pub struct Backwards<R> {
    source: R,
    window: Vec<u8>,
    /// Where in the file the window begins.
    window_start: u64,
    /// Where in the file the bytes end that were not looked at yet.
    end: u64,
}

/// A record and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Where it begins in the file, bytes.
    pub offset: u64,
    /// Where it ends.
    pub end: u64,
}

impl<R: Read + Seek> Backwards<R> {
    /// Reads a file that begins with the mark of a log.
    ///
    /// # Errors
    /// Those of the source.
    pub fn new(mut source: R) -> io::Result<Self> {
        let end = source.seek(SeekFrom::End(0))?;
        Ok(Self {
            source,
            window: Vec::new(),
            window_start: end,
            end,
        })
    }

    /// The record before the last one that was given; `None` at the beginning of the file.
    ///
    /// # Errors
    /// Those of the source. A file that becomes shorter meanwhile is one.
    pub fn previous(&mut self) -> io::Result<Option<Placed<'_>>> {
        while self.end > FILE_MARK.len() as u64 {
            self.look()?;
            let Some(length) = Record::ending(self.unseen()).map(|record| record.encoded_bytes() as u64) else {
                self.end -= 1;
                continue;
            };
            let end = self.end;
            self.end -= length;
            let bytes = self
                .window
                .get(self.place(self.end)..self.place(end))
                .unwrap_or_default();
            let (offset, record) = (self.end, Record::beginning(bytes).ok());
            return Ok(record.map(|record| Placed { record, offset, end }));
        }
        Ok(None)
    }

    /// Sees to it that the longest record that can end at `end` is in the window.
    fn look(&mut self) -> io::Result<()> {
        let first = FILE_MARK.len() as u64;
        let needed = self.end.saturating_sub(RECORD_MAX_BYTES).max(first);
        if !self.window.is_empty() && self.window_start <= needed {
            return Ok(());
        }
        self.window_start = self.end.saturating_sub(WINDOW_BYTES).max(first);
        self.window.resize(self.place(self.end), 0);
        self.source.seek(SeekFrom::Start(self.window_start))?;
        self.source.read_exact(&mut self.window)
    }

    fn unseen(&self) -> &[u8] {
        self.window.get(..self.place(self.end)).unwrap_or_default()
    }

    /// The place in the window of a place in the file.
    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.window_start)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output_log::Forwards;
    use container_model::LogStream;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn file(payloads: &[Vec<u8>], torn: &[u8]) -> Vec<u8> {
        let mut bytes = FILE_MARK.to_vec();
        for payload in payloads {
            let record = Record {
                stream: LogStream::Stderr,
                continues: false,
                time_ns: 7,
                payload,
            };
            record.encode(&mut bytes);
        }
        bytes.extend_from_slice(torn);
        bytes
    }

    fn payloads(file: &[u8]) -> Vec<Vec<u8>> {
        let mut log = Backwards::new(Cursor::new(file)).unwrap();
        let mut payloads = Vec::new();
        while let Some(placed) = log.previous().unwrap() {
            assert_eq!(
                Record::ending(&file[..usize::try_from(placed.end).unwrap()]),
                Some(placed.record)
            );
            payloads.push(placed.record.payload.to_vec());
        }
        payloads.reverse();
        payloads
    }

    #[test]
    fn records_longer_than_a_window_together_are_all_found() {
        let written: Vec<Vec<u8>> = (1..40_u8)
            .map(|byte| vec![byte; PAYLOAD_MAX_BYTES - usize::from(byte)])
            .collect();
        assert_eq!(payloads(&file(&written, &[])), written);
        assert!(payloads(&FILE_MARK).is_empty() && payloads(b"").is_empty());
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_other_direction_reversed(
            written in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..30), torn in 0..15_usize,
        ) {
            let whole = file(&written, &[]);
            let torn = &file(&[vec![b'x'; 100]], &[])[FILE_MARK.len()..][..torn];
            let bytes = [whole.as_slice(), torn].concat();
            prop_assert_eq!(payloads(&bytes), written.clone());
            let mut log = Forwards::new(Cursor::new(&bytes[FILE_MARK.len()..]));
            for payload in &written {
                prop_assert_eq!(log.next(true).unwrap().unwrap().payload, payload.as_slice());
            }
            prop_assert!(log.next(true).unwrap().is_none());
        }

        #[test]
        fn arbitrary_files_end(bytes: Vec<u8>) {
            payloads(&bytes);
        }
    }
}
