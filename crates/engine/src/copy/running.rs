//! The files of a running container, by way of its launcher.

use async_trait::async_trait;
use container_launcher::control::{ControlClient, v1};
use container_model::ContainerId;
use container_tree::Owners;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::chunks::Chunk;
use super::snapshot::{Snapshots, send};
use super::tree::{PathKind, PathStatus, Tree};
use crate::error::CopyError;

/// A container that runs.
pub(super) struct RunningTree {
    client: ControlClient,
    id: ContainerId,
    snapshots: Snapshots,
}

impl RunningTree {
    pub(super) fn new(client: ControlClient, id: ContainerId, snapshots: Snapshots) -> Self {
        Self { client, id, snapshots }
    }

    fn failed(&self, status: &Status) -> CopyError {
        if status.code() == Code::Unimplemented {
            return CopyError::OldLauncher { id: self.id.clone() };
        }
        CopyError::Container {
            id: self.id.clone(),
            reason: status.message().to_owned(),
        }
    }
}

#[async_trait]
impl Tree for RunningTree {
    async fn stat(&self, path: &[u8], follow: bool) -> Result<PathStatus, CopyError> {
        let request = v1::StatPathRequest {
            path: path.to_vec(),
            follow,
        };
        let mut client = self.client.clone();
        let found = client.stat_path(request).await.map_err(|status| self.failed(&status))?;
        let found = found.into_inner();
        let kind = match found.kind() {
            v1::FileKind::Unspecified => None,
            v1::FileKind::Directory => Some(PathKind::Directory),
            _ => Some(PathKind::Other),
        };
        let resolved = match found.resolved_path.is_empty() {
            true => path.to_vec(),
            false => found.resolved_path,
        };
        Ok(PathStatus { kind, resolved })
    }

    async fn read(
        &self,
        path: &[u8],
        follow: bool,
        called: &[u8],
        chunks: mpsc::Sender<Chunk>,
    ) -> Result<(), CopyError> {
        if let Some(archive) = self.snapshots.take(&self.client, path, follow, called).await {
            return send(archive, chunks).await;
        }
        let request = v1::ReadTreeRequest {
            path: path.to_vec(),
            follow,
            called: called.to_vec(),
        };
        let mut client = self.client.clone();
        let response = client.read_tree(request).await.map_err(|status| self.failed(&status))?;
        let mut response = response.into_inner();
        while let Some(v1::ReadTreeResponse { chunk }) =
            response.message().await.map_err(|status| self.failed(&status))?
        {
            chunks.send(Chunk::Bytes(chunk)).await.map_err(|_| CopyError::Stopped)?;
        }
        chunks.send(Chunk::End).await.map_err(|_| CopyError::Stopped)
    }

    async fn write(&self, directory: &[u8], owners: Owners, chunks: mpsc::Receiver<Chunk>) -> Result<(), CopyError> {
        let owner = match owners {
            Owners::Fixed { uid, gid } => Some(v1::FileOwner { uid, gid }),
            Owners::Stream | Owners::Caller => None,
        };
        let open = v1::write_tree_request::Request::Open(v1::WriteTreeOpen {
            directory: directory.to_vec(),
            owner,
        });
        let rest = ReceiverStream::new(chunks).map(|chunk| match chunk {
            Chunk::Bytes(bytes) => v1::write_tree_request::Request::Chunk(bytes),
            Chunk::End => v1::write_tree_request::Request::End(v1::WriteTreeEnd {}),
        });
        let requests = tokio_stream::once(open)
            .chain(rest)
            .map(|request| v1::WriteTreeRequest { request: Some(request) });
        let mut client = self.client.clone();
        match client.write_tree(requests).await {
            Ok(_) => Ok(()),
            Err(status) => Err(self.failed(&status)),
        }
    }
}
