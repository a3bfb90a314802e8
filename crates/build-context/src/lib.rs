//! The context of a build: the files that its Dockerfile may copy.
//!
//! A [`Context`] is a directory, or a tar that is kept as one file with a table of what is where in it. [`Ignore`] says which of its files do not exist for
//! the build. [`Context::select`] finds what the sources of one `COPY` or `ADD` mean, and gives a [`Selection`], of which there is a digest for the cache's
//! key and a [`Walk`] that hands out entries for a tar. Only directories that a source names, or that lie below one that it names, are ever read.
//!
//! Contexts are hostile, and change while they are read. A file is reached by its name in a directory that is open already, never by a path, so that
//! nothing outside the context is read whatever somebody does to it meanwhile. Symbolic links in a source's path are resolved here, as if the context's root
//! were `/`; links below what a source names are copied as links.
//!
//! Names are bytes, as on Linux. On a host whose file system does not tell upper from lower case, a source finds a file whose name differs in case, and
//! an ignored name can be reached by another spelling; a tar's names are always told apart.

mod archive;
mod compression;
mod content_error;
mod context;
mod cursor;
mod digest;
mod directory;
mod fingerprint;
mod found;
mod ignore;
mod path;
mod pattern;
mod presence;
mod resolve;
mod select;
mod selection;
mod stat_cache;
mod walk;

pub use archive::{TarError, TarLimits};
pub use compression::{Compression, LimitReached, Limited, is_archive};
pub use content_error::ContentError;
pub use context::{Context, FindIgnoreError, MAX_IGNORE_BYTES, OpenError, ReadFileError};
pub use found::{Selected, SelectedKind};
pub use ignore::{Ignore, IgnoreError};
pub use pattern::{Glob, Malformed};
pub use select::{SelectError, SelectOptions};
pub use selection::Selection;
pub use stat_cache::{StatCache, StoreError};
pub use walk::{Item, Walk, WalkError};
