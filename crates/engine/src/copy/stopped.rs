//! The files of a container that does not run, by way of its disks.
//!
//! It is read on the host, and written by a new disk that takes the place of the old one: the container has all of a copy or nothing of it. Volumes that
//! are disks are seen at their places; directories of the host, shared volumes and tmpfs are not.

mod disks;
mod error;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use container_durable::Replacement;
use container_model::ContainerConfig;
use container_rootfs::{ArchiveOptions, DiskRole, RewriteOptions, RootError};
use container_state::{AppPaths, ContainerLock, VolumeStore};
use container_tar::{Reader, Writer};
use container_tree::Owners;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::chunks::{Chunk, ChunkReader, ChunkWriter};
use super::disk_paths::DiskPaths;
use super::tree::{PathKind, PathStatus, Tree};
use crate::Cause;
use crate::error::CopyError;

use disks::Disks;
use error::StoppedError;

/// A container that does not run, and cannot be started or deleted meanwhile.
pub(super) struct StoppedTree {
    owned: Arc<Owned>,
}

struct Owned {
    lock: ContainerLock,
    /// The disks that are leased, by one call at a time.
    disks: Mutex<Disks>,
    is_read_only: bool,
}

impl StoppedTree {
    pub(super) fn new(lock: ContainerLock, config: ContainerConfig, paths: &AppPaths, volumes: &VolumeStore) -> Self {
        let is_read_only = config.security.read_only_root;
        let disks = Disks::new(DiskPaths::new(lock.bundle(), config, paths, volumes));
        let owned = Owned {
            lock,
            disks: Mutex::new(disks),
            is_read_only,
        };
        Self { owned: Arc::new(owned) }
    }

    /// Does blocking work with the container's disks.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Owned) -> Result<T, StoppedError> + Send + 'static,
    ) -> Result<T, CopyError> {
        let owned = self.owned.clone();
        let done = spawn_blocking(move || {
            work(&owned).map_err(|error| match error.is_other_ends() {
                true => CopyError::Stopped,
                false => CopyError::Root {
                    id: owned.lock.bundle().id().clone(),
                    source: Cause::new(error),
                },
            })
        });
        done.await.unwrap_or(Err(CopyError::Stopped))
    }
}

#[async_trait]
impl Tree for StoppedTree {
    async fn stat(&self, path: &[u8], follow: bool) -> Result<PathStatus, CopyError> {
        let path = path.to_vec();
        let work = move |owned: &Owned| {
            let view = owned.disks().view()?;
            let located = view.locate(&path, follow)?;
            let kind = located.entry.as_ref().map(|entry| match entry.is_directory() {
                true => PathKind::Directory,
                false => PathKind::Other,
            });
            let resolved = if follow { located.path() } else { path };
            Ok(PathStatus { kind, resolved })
        };
        self.work(work).await
    }

    async fn read(
        &self,
        path: &[u8],
        follow: bool,
        called: &[u8],
        chunks: mpsc::Sender<Chunk>,
    ) -> Result<(), CopyError> {
        let (path, called) = (path.to_vec(), called.to_vec());
        let work = move |owned: &Owned| {
            let view = owned.disks().view()?;
            let options = ArchiveOptions { follows_link: follow };
            let mut tar = Writer::new(ChunkWriter::new(chunks));
            view.archive(&path, &called, options, &mut tar)?;
            Ok(tar.finish().map_err(RootError::from)?.finish()?)
        };
        self.work(work).await
    }

    async fn write(&self, directory: &[u8], owners: Owners, chunks: mpsc::Receiver<Chunk>) -> Result<(), CopyError> {
        let directory = directory.to_vec();
        let owner = match owners {
            Owners::Fixed { uid, gid } => Some((uid, gid)),
            Owners::Stream | Owners::Caller => None,
        };
        self.work(move |owned| owned.write(&directory, owner, chunks)).await
    }
}

impl Owned {
    fn disks(&self) -> std::sync::MutexGuard<'_, Disks> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(
        &self,
        directory: &[u8],
        owner: Option<(u32, u32)>,
        chunks: mpsc::Receiver<Chunk>,
    ) -> Result<(), StoppedError> {
        let (view, path) = {
            let mut disks = self.disks();
            let view = disks.view()?;
            match &view.disk_at(directory, true)? {
                DiskRole::Volume(target) => {
                    let image = disks.take_to_write(target)?;
                    // It may have changed before it was taken.
                    (disks.view()?, image)
                }
                _ if self.is_read_only => return Err(StoppedError::ReadOnlyRoot),
                _ => (view, self.lock.bundle().root_disk()),
            }
        };
        let replacement = Replacement::begin(&path)?;
        let mut reader = Reader::new(ChunkReader::new(chunks));
        let options = RewriteOptions { owner };
        view.rewrite(
            directory,
            &mut reader,
            options,
            replacement.file(),
            replacement.scratch()?,
        )?;
        // What follows the end of the archive: it is complete only if the other end says so.
        io::copy(&mut reader.into_inner(), &mut io::sink())?;
        let committed = replacement.commit();
        self.disks().reopen();
        Ok(committed?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use container_model::ContainerId;
    use serde_json::json;

    use super::super::chunks::CHUNK_QUEUE;
    use super::super::host::HostTree;
    use super::*;
    use crate::Engine;

    async fn copy_in(tree: &StoppedTree, path: &std::path::Path, directory: &[u8], called: &[u8]) {
        let (sender, receiver) = mpsc::channel(CHUNK_QUEUE);
        let (read, wrote) = tokio::join!(
            HostTree.read(path.as_os_str().as_bytes(), false, called, sender),
            tree.write(directory, Owners::Caller, receiver),
        );
        read.unwrap();
        wrote.unwrap();
    }

    #[tokio::test]
    async fn the_disks_are_opened_once_and_again_when_one_was_written_to() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let request = crate::CreateVolumeRequest {
            name: "data".parse().unwrap(),
            labels: [].into(),
            options: [("size".to_owned(), "8m".to_owned())].into(),
        };
        engine.create_volume(request).unwrap();
        let id: ContainerId = "made".parse().unwrap();
        engine.make_stopped(&id, json!([{ "kind": "disk", "volume": "data", "target": "/data" }]));
        let config = engine.load(&id).unwrap().config;
        let tree = StoppedTree::new(
            engine.containers.own(&id).unwrap(),
            config,
            &engine.paths,
            &engine.volumes,
        );
        let view = || tree.owned.disks().view().unwrap();

        let source = root.path().join("source");
        std::fs::write(&source, "text").unwrap();
        for (directory, path) in [(&b"/"[..], &b"/new"[..]), (b"/data", b"/data/new")] {
            let before = view();
            assert_eq!(tree.stat(path, true).await.unwrap().kind, None);
            assert!(Arc::ptr_eq(&before, &view()));
            copy_in(&tree, &source, directory, b"new").await;
            assert_eq!(tree.stat(path, true).await.unwrap().kind, Some(PathKind::Other));
            assert!(!Arc::ptr_eq(&before, &view()));
        }
    }
}
