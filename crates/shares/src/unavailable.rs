//! Where there is no virtiofs for an ordinary process to serve.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use crate::tree::SharedTree;

/// Whether this system has a file server.
pub const IS_AVAILABLE: bool = false;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("this system has no file server for machines of QEMU")]
pub(crate) struct ServeError;

/// Serves nothing.
///
/// # Errors
/// Always.
pub(crate) fn serve(_listener: OwnedFd, _trees: &[SharedTree], _changes: Option<UnixStream>) -> Result<(), ServeError> {
    Err(ServeError)
}
