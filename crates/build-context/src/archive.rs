//! A tar as a context.
//!
//! No file of the tar is made on the host. Its content goes into one scratch file, and what its entries say is kept in memory: so nothing depends on what the
//! caller may do, on whether the host's file system tells names apart or on which names it takes, and no name can lead anywhere.

mod error;
mod limits;
mod nodes;
mod read;

pub use error::TarError;
pub use limits::TarLimits;

pub(crate) use read::read;
