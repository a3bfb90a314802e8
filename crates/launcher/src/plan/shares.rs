//! The directories and files of the host that a container sees, those of volumes included.

use std::io;
use std::path::{Path, PathBuf};

use container_hypervisor::{NameError, ShareAccess, ShareName, ShareOwner, SharedDirectory};
use container_model::{CacheDirectory, ContainerConfig, Mount, ShareMount};
use container_state::{AppPaths, PathsError};

use crate::volumes::VolumeTree;

/// What was to be shared cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SharePlanError {
    #[error("cannot mount {} at {target}: {source}", path.display())]
    Source {
        path: PathBuf,
        target: String,
        source: io::Error,
    },
    #[error("cannot use the cache at {}: {source}", path.display())]
    Cache { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Records(#[from] PathsError),
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

/// Whether the machine has a device of shares.
pub(crate) fn has_shares(config: &ContainerConfig, trees: &[VolumeTree]) -> bool {
    of(config).next().is_some() || !trees.is_empty() || caches(config).next().is_some()
}

/// The name within the machine's device of the build's cache with this index.
pub(super) fn cache_name(index: usize) -> String {
    format!("cache-{index}")
}

/// The caches of the build's machine in the order of its record.
fn caches(config: &ContainerConfig) -> impl Iterator<Item = &CacheDirectory> {
    config.build.iter().flat_map(|build| &build.caches)
}

/// The shares as the machine has them, then the volumes. Symbolic links in their paths are followed now, and never again.
pub(super) fn shared_directories(
    config: &ContainerConfig,
    trees: &[VolumeTree],
    paths: &AppPaths,
) -> Result<Vec<SharedDirectory>, SharePlanError> {
    let shared = |(index, share): (usize, &ShareMount)| {
        let failed = |source| SharePlanError::Source {
            path: share.source.clone(),
            target: share.target.clone(),
            source,
        };
        let path = share.source.canonicalize().map_err(failed)?;
        Ok(SharedDirectory {
            name: ShareName::new(share_name(index))?,
            access: access(!share.read_only),
            owner: ShareOwner::Named,
            records: records(&path, share.read_only, paths, failed)?,
            path,
        })
    };
    let volume = |tree: &VolumeTree| {
        Ok(SharedDirectory {
            name: ShareName::new(tree.share.clone())?,
            path: tree.data.clone(),
            access: access(tree.is_writable),
            owner: ShareOwner::Root,
            records: Some(tree.owners.clone()),
        })
    };
    let cache = |(index, cache): (usize, &CacheDirectory)| {
        let name = cache_name(index);
        let path = cache.data.canonicalize().map_err(|source| SharePlanError::Cache {
            path: cache.data.clone(),
            source,
        })?;
        Ok(SharedDirectory {
            name: ShareName::new(name)?,
            path,
            access: ShareAccess::ReadWrite,
            owner: ShareOwner::Root,
            records: Some(cache.owners.clone()),
        })
    };
    let shares = of(config).enumerate().map(shared);
    let caches = caches(config).enumerate().map(cache);
    shares.chain(trees.iter().map(volume)).chain(caches).collect()
}

fn access(is_writable: bool) -> ShareAccess {
    match is_writable {
        true => ShareAccess::ReadWrite,
        false => ShareAccess::ReadOnly,
    }
}

/// The directory for the owners of what can have no extended attribute below a directory or file of the host: one for each, whatever path leads to it.
fn records(
    path: &Path,
    is_read_only: bool,
    paths: &AppPaths,
    failed: impl FnOnce(io::Error) -> SharePlanError,
) -> Result<Option<PathBuf>, SharePlanError> {
    let found = path.metadata().map_err(failed)?;
    if !found.is_dir() || (is_read_only && !paths.share_owners(&found).exists()) {
        return Ok(None);
    }
    Ok(Some(paths.prepare_share_owners(&found)?))
}
