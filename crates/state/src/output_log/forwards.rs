//! Reading a file of a log from its beginning on, also while it grows.

use std::io::{self, Read, Seek, SeekFrom};

use super::record::{BEGIN_MARK, Record, RecordError};

/// Bytes that are read at once; more than the longest record.
const READ_BYTES: usize = 128 << 10;

/// The records of a file from a place on where one begins.
#[derive(Debug)]
pub struct Forwards<R> {
    source: R,
    /// What was read; before `given` are bytes that nobody needs any more.
    buffer: Vec<u8>,
    given: usize,
    damaged_bytes: u64,
}

impl<R: Read + Seek> Forwards<R> {
    /// Reads on from where `source` stands, behind its mark.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            given: 0,
            damaged_bytes: 0,
        }
    }

    /// The next record; `None` at the end of what there is by now. Bytes that are no record are passed over. Of a file that
    /// `is_complete`, to which nothing is written any more, the beginning of a record at its end is that as well.
    ///
    /// # Errors
    /// Those of the source.
    pub fn next(&mut self, is_complete: bool) -> io::Result<Option<Record<'_>>> {
        loop {
            let step = match Record::beginning(&self.buffer[self.given..]) {
                Ok(record) => Ok(record.encoded_bytes()),
                Err(error) => Err(error),
            };
            match step {
                Ok(length) => {
                    let start = self.given;
                    self.given += length;
                    return Ok(Record::beginning(&self.buffer[start..]).ok());
                }
                Err(RecordError::Damaged) => self.pass_over(),
                Err(RecordError::Incomplete) => {
                    if self.fill()? {
                        continue;
                    }
                    if self.given == self.buffer.len() {
                        return Ok(None);
                    }
                    if !is_complete {
                        return self.give_back().map(|()| None);
                    }
                    self.pass_over();
                }
            }
        }
    }

    /// How many bytes were passed over since this was asked last.
    pub fn take_damaged_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.damaged_bytes)
    }

    /// Goes on to the next byte that may begin a record.
    fn pass_over(&mut self) {
        let rest = self.buffer.get(self.given + 1..).unwrap_or_default();
        let skipped = 1 + rest.iter().position(|byte| *byte == BEGIN_MARK).unwrap_or(rest.len());
        self.given += skipped;
        self.damaged_bytes += skipped as u64;
    }

    /// Reads the beginning of a record again next time: a writer that found no room for the rest takes it back.
    fn give_back(&mut self) -> io::Result<()> {
        let length = self.buffer.len() - self.given;
        self.buffer.clear();
        self.given = 0;
        let back = i64::try_from(length).unwrap_or(i64::MAX);
        self.source.seek(SeekFrom::Current(-back)).map(drop)
    }

    /// Reads more; whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.given);
        self.given = 0;
        let length = self.buffer.len();
        self.buffer.resize(length + READ_BYTES, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(length + read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::LogStream;
    use std::io::Cursor;

    fn encoded(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let record = Record {
            stream: LogStream::Stdout,
            continues: false,
            time_ns: 1,
            payload,
        };
        record.encode(&mut bytes);
        bytes
    }

    fn payloads(bytes: &[u8], is_complete: bool) -> (Vec<Vec<u8>>, u64) {
        let mut log = Forwards::new(Cursor::new(bytes));
        let mut payloads = Vec::new();
        while let Some(record) = log.next(is_complete).unwrap() {
            payloads.push(record.payload.to_vec());
        }
        (payloads, log.take_damaged_bytes())
    }

    #[test]
    fn a_torn_record_is_waited_for_and_at_last_passed_over() {
        let torn = [encoded(b"one"), encoded(b"two")[..17].to_vec()].concat();
        assert_eq!(payloads(&torn, false), (vec![b"one".to_vec()], 0));
        assert_eq!(payloads(&torn, true), (vec![b"one".to_vec()], 17));
    }

    #[test]
    fn a_beginning_that_was_taken_back_is_not_read_as_one() {
        let (one, two) = (encoded(b"one"), encoded(b"another"));
        let mut log = Forwards::new(Cursor::new([one.as_slice(), &two[..9]].concat()));
        assert_eq!(log.next(false).unwrap().unwrap().payload, b"one");
        assert_eq!(log.next(false).unwrap(), None);
        log.source.get_mut().truncate(one.len());
        log.source.get_mut().extend_from_slice(&encoded(b"two"));
        assert_eq!(log.next(false).unwrap().unwrap().payload, b"two");
        assert_eq!(log.take_damaged_bytes(), 0);
    }

    #[test]
    fn records_after_damage_are_found() {
        let damaged = [
            encoded(b"one"),
            vec![0; 5000],
            encoded(b"two")[..9].to_vec(),
            encoded(b"three"),
        ]
        .concat();
        let expected = vec![b"one".to_vec(), b"three".to_vec()];
        assert_eq!(payloads(&damaged, true), (expected, 5009));
    }

    proptest::proptest! {
        #[test]
        fn every_byte_is_in_a_record_or_passed_over(bytes: Vec<u8>) {
            let (payloads, damaged) = payloads(&bytes, true);
            let given: usize = payloads.iter().map(|payload| encoded(payload).len()).sum();
            proptest::prop_assert_eq!(given as u64 + damaged, bytes.len() as u64);
        }
    }
}
