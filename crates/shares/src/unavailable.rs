//! Where there is no virtiofs for an ordinary process to serve.

use std::os::fd::OwnedFd;

use crate::tree::SharedTree;

/// Whether this system has a file server.
pub const IS_AVAILABLE: bool = false;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
#[error("this system has no file server for machines of QEMU")]
pub struct ServeError;

/// Serves nothing.
///
/// # Errors
/// Always.
pub fn serve(_listener: OwnedFd, _trees: &[SharedTree]) -> Result<(), ServeError> {
    Err(ServeError)
}
