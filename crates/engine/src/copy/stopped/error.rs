//! Why files of a container that does not run could not be copied.

use std::error::Error;
use std::io;

use container_durable::ReplaceError;
use container_ext4::WriteError;
use container_model::VolumeName;
use container_rootfs::{RewriteError, RootError};
use container_state::LeaseError;

use super::super::disk_paths::OpenDisksError;

/// Why a stopped container could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoppedError {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Rewrite(RewriteError),
    #[error("No space left on the disk of {} MiB", .capacity_bytes >> 20)]
    DiskFull { capacity_bytes: u64 },
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error("volume {name} is in use by another container or command")]
    InUse { name: VolumeName },
    #[error("volume {name} is read-only in the container")]
    ReadOnlyVolume { name: VolumeName },
    #[error("the container's root is read-only")]
    ReadOnlyRoot,
    #[error("nothing is mounted at {target}")]
    NoVolume { target: String },
}

impl From<OpenDisksError> for StoppedError {
    fn from(error: OpenDisksError) -> Self {
        match error {
            OpenDisksError::Root(error) => Self::Root(error),
            OpenDisksError::Io(error) => Self::Io(error),
        }
    }
}

impl From<RewriteError> for StoppedError {
    fn from(error: RewriteError) -> Self {
        match error {
            RewriteError::Disk(WriteError::DiskFull { capacity_bytes }) => Self::DiskFull { capacity_bytes },
            other => Self::Rewrite(other),
        }
    }
}

impl StoppedError {
    /// Whether it only says that the other end of the copy takes or sends nothing any more.
    pub(super) fn is_other_ends(&self) -> bool {
        let mut next: Option<&(dyn Error + 'static)> = match self {
            Self::Io(error) => Some(error),
            other => Some(other),
        };
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return error.kind() == io::ErrorKind::BrokenPipe;
            }
            next = error.source();
        }
        false
    }
}
