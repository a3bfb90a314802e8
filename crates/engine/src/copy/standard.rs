//! Archives on standard input and standard output.

use std::io::{self, Read as _, Write as _};

use async_trait::async_trait;
use container_tree::Owners;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::chunks::{CHUNK_BYTES, Chunk};
use super::tree::{PathStatus, Tree};
use crate::Cause;
use crate::error::CopyError;

/// The standard streams of this process.
pub(super) struct StandardStreams;

#[async_trait]
impl Tree for StandardStreams {
    async fn stat(&self, _path: &[u8], _follow: bool) -> Result<PathStatus, CopyError> {
        Ok(PathStatus {
            kind: None,
            resolved: Vec::new(),
        })
    }

    /// Sends standard input to its end, whatever the arguments say: it is an archive already.
    async fn read(
        &self,
        _path: &[u8],
        _follow: bool,
        _called: &[u8],
        chunks: mpsc::Sender<Chunk>,
    ) -> Result<(), CopyError> {
        let work = move || {
            let mut input = io::stdin().lock();
            loop {
                let mut bytes = Vec::with_capacity(CHUNK_BYTES);
                let read = input.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes);
                let length = read.map_err(|error| CopyError::Standard(Cause::new(error)))?;
                let chunk = if length == 0 { Chunk::End } else { Chunk::Bytes(bytes) };
                chunks.blocking_send(chunk).map_err(|_| CopyError::Stopped)?;
                if length == 0 {
                    return Ok(());
                }
            }
        };
        spawn_blocking(work).await.unwrap_or(Err(CopyError::Stopped))
    }

    async fn write(
        &self,
        _directory: &[u8],
        _owners: Owners,
        mut chunks: mpsc::Receiver<Chunk>,
    ) -> Result<(), CopyError> {
        let work = move || {
            let mut output = io::stdout().lock();
            loop {
                match chunks.blocking_recv() {
                    Some(Chunk::Bytes(bytes)) => output.write_all(&bytes),
                    Some(Chunk::End) => return output.flush().map_err(failed_write),
                    // The other end says why.
                    None => return Err(CopyError::Stopped),
                }
                .map_err(failed_write)?;
            }
        };
        spawn_blocking(work).await.unwrap_or(Err(CopyError::Stopped))
    }
}

fn failed_write(error: io::Error) -> CopyError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => CopyError::ReaderGone,
        _ => CopyError::Standard(Cause::new(error)),
    }
}
