//! The log of a container's output: records of what arrived, when, and on which of the two streams.
//!
//! The log is a directory of numbered files ([`OutputLogFiles`]). Only the last one grows; a writer begins the next one instead of renaming
//! any, so that a reader who has come to the end of a file knows where to go on. A file is a mark of [`FILE_MARK`] and records one after
//! the other ([`Record`]), which can be read from the beginning ([`Forwards`]) and from the end ([`Backwards`]). What a killed writer or a
//! loss of power left of a record is found out and passed over, in both directions.

mod backwards;
mod files;
mod forwards;
mod record;

pub use backwards::{Backwards, Placed};
pub use files::{FILE_MARK, OutputLogFiles};
pub use forwards::Forwards;
pub use record::{PAYLOAD_MAX_BYTES, RECORD_OVERHEAD_BYTES, Record, RecordError};
