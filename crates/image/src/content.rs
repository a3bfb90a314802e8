//! The content store: blobs named by their digests (image-spec `image-layout.md`, "blobs").
//!
//! A blob has its name only when its bytes have been hashed and found right and are on the disk. What is being written
//! lives in a [`Session`]'s directory, which the session's lock protects; directories whose lock is free are removed. An
//! operation pins in its session what it relies on, and the garbage collection keeps what is pinned.

mod allocated;
mod blob;
mod entries;
mod error;
mod follow;
mod gate;
mod hash;
mod ingest;
mod paths;
mod session;
mod sweep;
mod trash;

pub use allocated::allocated_bytes;
pub use error::ContentError;

pub(crate) use error::{full_disk, is_full};

pub(crate) use blob::{has_blob, open_blob, read_blob};
pub(crate) use entries::entries;
pub(crate) use follow::Restart;
pub(crate) use gate::{OpenGate, ShutGate};
pub(crate) use hash::Hasher;
pub(crate) use ingest::{Ingest, Staged};
pub(crate) use paths::StorePaths;
pub(crate) use session::Session;
pub(crate) use sweep::{abandoned_bytes, live_pins, sweep, sweep_downloads};
pub(crate) use trash::{Trash, remove};
