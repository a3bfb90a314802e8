//! What can go wrong with kernels.

use std::io;
use std::path::PathBuf;

/// A kernel could not be used, installed or taken back.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The kernel that a container is to boot cannot be used.
    #[error("cannot use the kernel {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A kernel could not be made the default, or the default could not be taken back.
    #[error("cannot install the kernel {}: {source}", path.display())]
    Install {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
