//! A pull parser for tar streams: ustar, GNU (long names, sparse files, binary numbers) and pax, as Docker, BuildKit, GNU tar, bsdtar and Python write them.
//!
//! The parser reads each byte once and keeps no more than one entry's headers in memory: 2 MiB of extended headers, a quarter of a million pieces of a
//! sparse file.

mod acl;
mod entry;
mod error;
mod header;
mod number;
mod pax;
mod reader;
mod records;
mod sparse;

pub use entry::{Entry, EntryKind, Region};
pub use error::TarError;
pub use reader::TarReader;

pub(super) use header::is_tar_header;
