//! Reading the root of a container on the host.

use std::path::PathBuf;

use container_durable::CopyError;
use container_image::ContentError;
use container_model::ContainerId;
use container_rootfs::RootError;

use crate::{Cause, EngineError};

/// The root of a container cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StillError {
    /// One of its disks.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A disk could not be opened, or what was read could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file that the tar goes to.
    #[error("cannot write {}: {source}", .path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its disk could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The copy took too long.
    #[error("its disk could not be copied within the time for which the container can wait: stop the container first")]
    Thawed,
    /// Its launcher does not know the call.
    #[error("it was started by an older release, which cannot hold it still: stop the container first")]
    OldLauncher,
    /// The thread was lost.
    #[error("the work was interrupted")]
    Interrupted,
}

impl From<ContentError> for StillError {
    /// What the thread of blocking work says when it is lost; nothing else of the store is used here.
    fn from(_: ContentError) -> Self {
        Self::Interrupted
    }
}

impl EngineError {
    pub(crate) fn root(verb: &'static str, id: &ContainerId, source: StillError) -> Self {
        Self::Root {
            verb,
            id: id.clone(),
            source: Cause::new(source),
        }
    }
}
