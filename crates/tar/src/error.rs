//! What can be wrong with a tar, read or written.

use std::io;

/// Why a tar could not be read on. Offsets are those of the header in question, in bytes from the start of the tar.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream failed.
    #[error("cannot read the tar: {0}")]
    Io(#[source] io::Error),
    /// The stream ends inside of a header or of a file.
    #[error("the tar is cut off: it ends at byte {offset}, in the middle of an entry")]
    Truncated {
        /// Where the stream ended.
        offset: u64,
    },
    /// The checksum of a header is wrong, so this is not a header, or no tar at all.
    #[error("no valid tar header at byte {offset}")]
    Checksum {
        /// Where the header should be.
        offset: u64,
    },
    /// A field that should be a number is none, or one that is out of range.
    #[error("the tar header at byte {offset} has an invalid {field}")]
    Number {
        /// The header.
        offset: u64,
        /// Name of the field.
        field: &'static str,
    },
    /// An extended header that does not parse.
    #[error("malformed pax header at byte {offset}")]
    Pax {
        /// The header.
        offset: u64,
    },
    /// Extended headers of one entry over 2 MiB together.
    #[error("the extended header at byte {offset} has {size_bytes} bytes, more than is allowed")]
    HeaderTooLarge {
        /// The header.
        offset: u64,
        /// Its size.
        size_bytes: u64,
    },
    /// A sparse file whose map contradicts itself.
    #[error("malformed map of the sparse file at byte {offset}")]
    Sparse {
        /// The header.
        offset: u64,
    },
    /// A kind of entry that no file is made of, such as the continuation of a file from another volume.
    #[error("the entry at byte {offset} has the unknown type \"{}\"", .kind.escape_ascii())]
    UnknownKind {
        /// The header.
        offset: u64,
        /// Its type flag.
        kind: u8,
    },
}

/// Why an entry could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The stream failed.
    #[error("cannot write the tar: {0}")]
    Io(#[from] io::Error),
    /// A name that is empty or has a NUL in it.
    #[error("\"{}\" cannot be a name in a tar", .name.escape_ascii())]
    Name {
        /// The name, or what a link points at.
        name: Vec<u8>,
    },
    /// More than 2 MiB of names and attributes, or more than 1024 attributes, which no reader takes.
    #[error("the names and attributes of \"{}\" are more than a tar may have", .path.escape_ascii())]
    HeaderTooLarge {
        /// The entry.
        path: Vec<u8>,
    },
    /// A map of a sparse file that is out of order, ends behind the file, or has more than [`crate::MAX_REGIONS`] pieces.
    #[error("the map of the sparse file \"{}\" is impossible", .path.escape_ascii())]
    Sparse {
        /// The entry.
        path: Vec<u8>,
    },
    /// More content than the entry said.
    #[error("the content of an entry is {excess_bytes} bytes longer than its header says")]
    ContentTooLong {
        /// Bytes too many.
        excess_bytes: u64,
    },
    /// Less content than the entry said.
    #[error("the content of an entry is {missing_bytes} bytes shorter than its header says")]
    ContentMissing {
        /// Bytes that lack.
        missing_bytes: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_fails_says_why() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let (read, write) = (ReadError::Io(full()), WriteError::from(full()));
        assert_eq!(read.to_string(), format!("cannot read the tar: {}", full()));
        assert_eq!(write.to_string(), format!("cannot write the tar: {}", full()));
    }
}
