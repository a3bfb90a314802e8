//! One record as bytes.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | `0xA7` |
//! | 1 | bit 0: standard error; bit 1: goes on with a line that an earlier record of the stream began; the others are zero |
//! | 2 | length of the payload in bytes, 1 to 32,768 |
//! | 8 | nanoseconds since the epoch of Unix |
//! | … | payload: the bytes as they arrived |
//! | 2 | length of the payload again |
//! | 1 | the second byte again |
//! | 1 | `0x7A` |
//!
//! Numbers are little-endian. The end says how long the record is, so that a log can be read from its end, and it tells a record that was
//! written as a whole from the beginning of one.

use container_model::LogStream;
use time::OffsetDateTime;

/// Most bytes in one record; more output is several records.
pub const PAYLOAD_MAX_BYTES: usize = 32 << 10;
/// What a record takes besides its payload, bytes.
pub const RECORD_OVERHEAD_BYTES: usize = HEADER_BYTES + TRAILER_BYTES;

const HEADER_BYTES: usize = 12;
const TRAILER_BYTES: usize = 4;
/// First byte of a record.
pub(super) const BEGIN_MARK: u8 = 0xA7;
/// Last byte of a record.
const END_MARK: u8 = 0x7A;
const STDERR: u8 = 1;
const CONTINUES: u8 = 1 << 1;

/// Some output that arrived at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it came from.
    pub stream: LogStream,
    /// Whether it goes on with a line that an earlier record of the stream began, or begins one.
    pub continues: bool,
    /// When it arrived, nanoseconds since the epoch.
    pub time_ns: u64,
    /// What arrived; 1 to [`PAYLOAD_MAX_BYTES`] bytes of anything.
    pub payload: &'a [u8],
}

/// Why no record begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// The bytes may be the beginning of one.
    Incomplete,
    /// Whatever follows, they are none.
    Damaged,
}

impl<'a> Record<'a> {
    /// Appends the record to `bytes`. A payload that is too long is cut.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let payload = self.payload.get(..PAYLOAD_MAX_BYTES).unwrap_or(self.payload);
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
        let kind = self.kind();
        bytes.extend_from_slice(&[BEGIN_MARK, kind, length[0], length[1]]);
        bytes.extend_from_slice(&self.time_ns.to_le_bytes());
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&[length[0], length[1], kind, END_MARK]);
    }

    /// The record that `bytes` begin with.
    ///
    /// # Errors
    /// [`RecordError`] when they do not, or not yet.
    pub fn beginning(bytes: &'a [u8]) -> Result<Self, RecordError> {
        if bytes.first().is_some_and(|mark| *mark != BEGIN_MARK) {
            return Err(RecordError::Damaged);
        }
        let Some((&[_, kind, low, high, ref time @ ..], rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(RecordError::Incomplete);
        };
        let length = usize::from(u16::from_le_bytes([low, high]));
        if kind & !(STDERR | CONTINUES) != 0 || length == 0 || length > PAYLOAD_MAX_BYTES {
            return Err(RecordError::Damaged);
        }
        let (payload, rest) = rest.split_at_checked(length).ok_or(RecordError::Incomplete)?;
        let trailer = rest.first_chunk().ok_or(RecordError::Incomplete)?;
        if *trailer != [low, high, kind, END_MARK] {
            return Err(RecordError::Damaged);
        }
        Ok(Self {
            stream: match kind & STDERR {
                0 => LogStream::Stdout,
                _ => LogStream::Stderr,
            },
            continues: kind & CONTINUES != 0,
            time_ns: u64::from_le_bytes(*time),
            payload,
        })
    }

    /// The record that `bytes` end with, if they do.
    #[must_use]
    pub fn ending(bytes: &'a [u8]) -> Option<Self> {
        let &[low, high, _, END_MARK] = bytes.last_chunk::<TRAILER_BYTES>()? else {
            return None;
        };
        let length = RECORD_OVERHEAD_BYTES + usize::from(u16::from_le_bytes([low, high]));
        let start = bytes.len().checked_sub(length)?;
        let record = Self::beginning(bytes.get(start..)?).ok()?;
        (record.encoded_bytes() == length).then_some(record)
    }

    /// Length of the record in a file, bytes.
    #[must_use]
    pub fn encoded_bytes(&self) -> usize {
        self.payload.len() + RECORD_OVERHEAD_BYTES
    }

    /// When it arrived.
    #[must_use]
    pub fn time(&self) -> OffsetDateTime {
        // All values are before the year 2555.
        OffsetDateTime::from_unix_timestamp_nanos(self.time_ns.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn kind(&self) -> u8 {
        let stream = match self.stream {
            LogStream::Stdout => 0,
            LogStream::Stderr => STDERR,
        };
        if self.continues { stream | CONTINUES } else { stream }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(is_error: bool) -> LogStream {
        if is_error { LogStream::Stderr } else { LogStream::Stdout }
    }

    #[test]
    fn bytes_of_a_record_are_those_of_the_table() {
        let record = Record {
            stream: LogStream::Stderr,
            continues: true,
            time_ns: 0x0102_0304_0506_0708,
            payload: b"hi\n",
        };
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(
            bytes,
            b"\xA7\x03\x03\x00\x08\x07\x06\x05\x04\x03\x02\x01hi\n\x03\x00\x03\x7A"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_from_both_ends(
            payload in proptest::collection::vec(any::<u8>(), 1..2000), time_ns: u64, is_error: bool, continues: bool, other: Vec<u8>,
        ) {
            let record = Record { stream: stream(is_error), continues, time_ns, payload: &payload };
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            prop_assert_eq!(bytes.len(), record.encoded_bytes());
            for cut in 0..bytes.len() {
                prop_assert_eq!(Record::beginning(&bytes[..cut]), Err(RecordError::Incomplete));
            }
            let (behind, before) = ([&other, bytes.as_slice()].concat(), [bytes.as_slice(), &other].concat());
            prop_assert_eq!(Record::ending(&behind), Some(record));
            prop_assert_eq!(Record::beginning(&before), Ok(record));
        }

        #[test]
        fn arbitrary_bytes_are_a_record_or_none(bytes: Vec<u8>) {
            let _ = (Record::beginning(&bytes), Record::ending(&bytes));
        }
    }
}
