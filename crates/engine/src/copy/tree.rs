//! What can be copied from and to: the host, a container, the standard streams.

use async_trait::async_trait;
use container_tree::Owners;
use tokio::sync::mpsc;

use super::chunks::Chunk;
use crate::error::CopyError;

/// As far as the rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathKind {
    Directory,
    /// Anything that is no directory.
    Other,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathStatus {
    /// Nothing where there is nothing.
    pub(super) kind: Option<PathKind>,
    /// The path, with the links at its end followed where that was asked for.
    pub(super) resolved: Vec<u8>,
}

/// A tree of files at one end of a copy.
#[async_trait]
pub(super) trait Tree: Send + Sync {
    /// Says what is at `path`.
    async fn stat(&self, path: &[u8], follow: bool) -> Result<PathStatus, CopyError>;

    /// Sends what is at `path` as an archive in which it is called `called`; empty for the content of a directory. [`CopyError::Stopped`] when nobody
    /// takes it.
    async fn read(
        &self,
        path: &[u8],
        follow: bool,
        called: &[u8],
        chunks: mpsc::Sender<Chunk>,
    ) -> Result<(), CopyError>;

    /// Makes the files of an archive in `directory`.
    async fn write(&self, directory: &[u8], owners: Owners, chunks: mpsc::Receiver<Chunk>) -> Result<(), CopyError>;
}
