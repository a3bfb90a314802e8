//! Copies files between the host and containers, and between containers.
//!
//! Every copy is a stream of tar from one [`Tree`](tree::Tree) to another. Which directory it is written to, and what the file is called there, is decided
//! by the rules of Docker's `cp` in [`rules`], from what is at both ends.

pub(crate) mod chunks;
mod disk_paths;
mod host;
mod place;
mod rules;
mod running;
mod snapshot;
mod standard;
mod stopped;
mod tree;

use std::sync::Arc;

use container_model::ContainerId;
use container_state::OwnError;
use container_tree::Owners;

use crate::error::CopyError;
use crate::{Engine, EngineError};

use chunks::{CHUNK_QUEUE, Chunk};
use disk_paths::DiskPaths;
use host::HostTree;
pub use place::CopyPlace;
use rules::{Target, is_content, target};
use running::RunningTree;
use snapshot::Snapshots;
use standard::StandardStreams;
use stopped::StoppedTree;
use tree::{PathKind, Tree};

/// What is to be copied, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRequest {
    /// What.
    pub source: CopyPlace,
    /// Where.
    pub destination: CopyPlace,
    /// Files keep the numbers of their user and group; otherwise they are root's in a container. On the host only root can give files away.
    pub archive: bool,
    /// Where the source is a symbolic link, what it leads to is copied.
    pub follow_link: bool,
}

impl Engine {
    /// Copies, and says where: the path of the file or the directory that was written; nothing for standard output.
    ///
    /// # Errors
    /// [`EngineError::Copy`]; what was copied before stays, except in a container that does not run, which is as it was. [`EngineError::Phase`] for a
    /// container that is just starting or ending.
    pub async fn copy(&self, request: CopyRequest) -> Result<Option<String>, EngineError> {
        let CopyRequest {
            source,
            destination,
            archive,
            follow_link,
        } = request;
        match (&source, &destination) {
            (CopyPlace::Standard, CopyPlace::Standard)
            | (CopyPlace::Host(_), CopyPlace::Host(_) | CopyPlace::Standard)
            | (CopyPlace::Standard, CopyPlace::Host(_)) => return Err(CopyError::NoContainer.into()),
            _ => {}
        }
        let (from, to) = (source.path(), destination.path());
        let source_tree = self.tree(&source).await?;
        // A container that does not run can be owned once only, also when both ends are in it.
        let destination_tree = match self.is_one_container(&source, &destination)? {
            true => source_tree.clone(),
            false => self.tree(&destination).await?,
        };
        // A slash at the end says that a link to a directory is meant.
        let follow = follow_link || from.ends_with(b"/");
        let kind = match source {
            CopyPlace::Standard => None,
            _ => Some(source_kind(&*source_tree, &source, &from, follow).await?),
        };
        let (target, written) = match &destination {
            CopyPlace::Standard => (Target::stream(&from), None),
            _ => {
                let found = destination_tree.stat(&to, true).await?;
                let target = match kind {
                    Some(kind) => target(&from, kind, &to, &found),
                    None => rules::content_target(&found),
                };
                let target = target.map_err(|refusal| refusal.at(&source, &destination))?;
                let written = destination.with_path(&target.written());
                (target, Some(written))
            }
        };
        let owners = match (&destination, archive) {
            (_, true) => Owners::Stream,
            (CopyPlace::Container { .. }, false) => Owners::Fixed { uid: 0, gid: 0 },
            (_, false) => Owners::Caller,
        };
        let (sender, receiver) = tokio::sync::mpsc::channel::<Chunk>(CHUNK_QUEUE);
        let (read, wrote) = tokio::join!(
            source_tree.read(&from, follow, &target.called, sender),
            destination_tree.write(&target.directory, owners, receiver),
        );
        match (read, wrote) {
            // Neither end is told apart from the other's failure; the one that was not stopped by it counts.
            (Err(CopyError::Stopped), Err(error)) | (Err(error), _) | (Ok(()), Err(error)) => Err(error.into()),
            (Ok(()), Ok(())) => Ok(written),
        }
    }

    async fn tree(&self, place: &CopyPlace) -> Result<Arc<dyn Tree>, EngineError> {
        Ok(match place {
            CopyPlace::Standard => Arc::new(StandardStreams),
            CopyPlace::Host(_) => Arc::new(HostTree),
            CopyPlace::Container { container, .. } => {
                let id = self.find(container)?;
                if self.load(&id)?.is_live() {
                    return self.running_tree(id).await;
                }
                match self.containers.own(&id) {
                    Ok(owned) => {
                        // Another one may have had the name until it was taken.
                        let config = self.load(&id)?.config;
                        Arc::new(StoppedTree::new(owned, config, &self.paths, &self.volumes))
                    }
                    // It is being started.
                    Err(OwnError::Taken { .. }) => return self.running_tree(id).await,
                    Err(error) => return Err(error.into()),
                }
            }
        })
    }

    async fn running_tree(&self, id: ContainerId) -> Result<Arc<dyn Tree>, EngineError> {
        let client = self.active_client(&id, "copy files of").await?;
        let config = self.load(&id)?.config;
        let disks = DiskPaths::new(&self.containers.bundle(&id), config, &self.paths, &self.volumes);
        let place = self.containers.bundle(&id).directory().to_owned();
        Ok(Arc::new(RunningTree::new(client, id, Snapshots::new(disks, place))))
    }

    fn is_one_container(&self, source: &CopyPlace, destination: &CopyPlace) -> Result<bool, EngineError> {
        match (source, destination) {
            (CopyPlace::Container { container: from, .. }, CopyPlace::Container { container: to, .. }) => {
                Ok(self.find(from)? == self.find(to)?)
            }
            _ => Ok(false),
        }
    }
}

/// What the source is. One that is missing, or is no directory though its path says so, is refused.
async fn source_kind(tree: &dyn Tree, source: &CopyPlace, path: &[u8], follow: bool) -> Result<PathKind, EngineError> {
    match tree.stat(path, follow).await?.kind {
        None => Err(CopyError::NotFound {
            place: source.to_string(),
        }
        .into()),
        Some(PathKind::Other) if path.ends_with(b"/") || is_content(path) => Err(CopyError::NotADirectory {
            place: source.to_string(),
        }
        .into()),
        Some(kind) => Ok(kind),
    }
}
