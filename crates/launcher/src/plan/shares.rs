//! The directories and files of the host that a container sees.

use std::io;
use std::path::PathBuf;

use container_hypervisor::{NameError, ShareAccess, ShareName, SharedDirectory};
use container_model::{ContainerConfig, Mount, ShareMount};

/// What was to be shared cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SharePlanError {
    #[error("cannot mount {} at {target}: {source}", path.display())]
    Source {
        path: PathBuf,
        target: String,
        source: io::Error,
    },
    #[error(transparent)]
    Name(#[from] NameError),
}

/// The name within the machine's device of the container's share with this index.
pub(super) fn share_name(index: usize) -> String {
    format!("share-{index}")
}

/// The container's shares in the order of its record.
pub(super) fn of(config: &ContainerConfig) -> impl Iterator<Item = &ShareMount> {
    config.mounts.iter().filter_map(|mount| match mount {
        Mount::Share(share) => Some(share),
        _ => None,
    })
}

/// The shares as the machine has them. Symbolic links in their paths are followed now, and never again.
pub(super) fn shared_directories(config: &ContainerConfig) -> Result<Vec<SharedDirectory>, SharePlanError> {
    let shared = |(index, share): (usize, &ShareMount)| {
        let path = share.source.canonicalize().map_err(|source| SharePlanError::Source {
            path: share.source.clone(),
            target: share.target.clone(),
            source,
        })?;
        Ok(SharedDirectory {
            name: ShareName::new(share_name(index))?,
            path,
            access: match share.read_only {
                true => ShareAccess::ReadOnly,
                false => ShareAccess::ReadWrite,
            },
        })
    };
    of(config).enumerate().map(shared).collect()
}
