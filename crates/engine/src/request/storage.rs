//! Volumes, and directories, files and sockets of the host, of a container to be made.

use std::path::PathBuf;

use container_model::{ContainerQuery, VolumeName};

/// A volume that is to appear in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMountRequest {
    /// The volume, made with the container if it is not there; `None` is one of the container's own.
    pub name: Option<VolumeName>,
    /// Where it appears, absolute.
    pub target: String,
    /// Whether the container cannot write to it.
    pub read_only: bool,
    /// Whether an empty volume stays empty instead of getting what the image has at the target.
    pub no_copy: bool,
    /// The directory of the volume that appears, relative to its root; `None` is the root.
    pub subpath: Option<String>,
}

impl VolumeMountRequest {
    /// The whole of a volume, writable; of one of the container's own without a name.
    #[must_use]
    pub fn new(name: Option<VolumeName>, target: impl Into<String>) -> Self {
        Self {
            name,
            target: target.into(),
            read_only: false,
            no_copy: false,
            subpath: None,
        }
    }
}

/// A directory, a file or a socket of the host that is to appear in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareMountRequest {
    /// The directory, file or socket; a relative path begins at the working directory.
    pub source: PathBuf,
    /// Where it appears, absolute.
    pub target: String,
    /// Whether the container cannot change it.
    pub read_only: bool,
}

/// A Unix socket of the host that is to lead to one in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSocketRequest {
    /// The socket on the host; a relative path begins at the working directory.
    pub host_path: PathBuf,
    /// The socket in the container, absolute.
    pub container_path: String,
}

/// All volumes of another container are to appear where they appear in that.
#[derive(Debug, Clone)]
pub struct VolumesFromRequest {
    /// The container.
    pub container: ContainerQuery,
    /// Whether none of them can be written to.
    pub read_only: bool,
}
