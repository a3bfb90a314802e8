//! Tar streams, read and written.
//!
//! [`Reader`] is a pull parser for what tar programs write: ustar, GNU (long names, sparse files, binary numbers) and pax, as Docker, BuildKit, GNU tar,
//! bsdtar and Python write them. It reads each byte once and keeps no more than one entry's headers in memory: 2 MiB of extended headers, a quarter of a
//! million pieces of a sparse file.
//!
//! [`Writer`] writes POSIX pax archives, whose bytes depend on the entries alone: what the reader reads of them equals what was written, and GNU tar
//! extracts them.
//!
//! Names are bytes as they are in the stream. Whoever puts entries on a disk decides what a name such as `../x` may do.

mod acl;
mod entry;
mod error;
mod header;
mod metadata;
mod number;
mod pax;
mod reader;
mod records;
mod sparse;
mod writer;

pub use entry::{Entry, EntryKind, Region};
pub use error::{ReadError, WriteError};
pub use header::is_tar_header;
pub use metadata::{DeviceNumber, Timestamp};
pub use reader::{Piece, Reader};
pub use sparse::MAX_REGIONS;
pub use writer::Writer;
