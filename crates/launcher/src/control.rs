//! The protocol between front ends and launchers, and its client.

mod client;
mod connect;
mod failure;
mod transport;
mod update;
pub mod v1;
mod version;

pub use client::{ControlClient, client};
pub use connect::{ConnectError, connect};
pub(crate) use failure::start_failure;
pub use transport::ARCHIVE_CHUNK_BYTES;
pub(crate) use transport::{MESSAGE_MAX_BYTES, server, to_tokio};
pub use update::UpdateRequestError;
pub use version::{PROGRAM_VERSION, SPOKEN_VERSIONS};
