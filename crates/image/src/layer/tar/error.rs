//! What can be wrong with a tar.

use std::io;

/// Why a tar could not be read on. Offsets are those of the header in question, in bytes from the start of the tar.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// The stream failed.
    #[error("cannot read the tar")]
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
    /// A kind of entry that layers do not have, such as the continuation of a file from another volume.
    #[error("the entry at byte {offset} has the unknown type \"{}\"", .kind.escape_ascii())]
    UnknownKind {
        /// The header.
        offset: u64,
        /// Its type flag.
        kind: u8,
    },
}
