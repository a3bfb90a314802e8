//! Archives on their way into a machine.

use std::io;

use container_launcher::control::v1;
use container_launcher::control::v1::add_archive_request::Request;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::{Below, BuildMachine, StepTree, step_directory};
use crate::EngineError;
use crate::copy::chunks::{CHUNK_QUEUE, Chunk, ChunkWriter};

/// What stands for a layer instead of the number of a tree.
const LAYER: u32 = 0;

impl BuildMachine {
    /// Brings a tree of files into the machine, outside of what steps see, for mounts of steps until the next seal.
    ///
    /// # Errors
    /// [`EngineError::Control`] with the words of the guest, also for an archive that `archive` fails to give.
    pub async fn add_tree(&mut self, archive: impl io::Read + Send + 'static) -> Result<StepTree, EngineError> {
        let number = self.next_tree;
        self.next_tree += 1;
        self.add(number, "bring files into the build's machine", archive)
            .await?;
        Ok(StepTree { number })
    }

    /// Puts a layer that was made on the host on top of what there is: a tar with whiteouts, not compressed. What the last step has written has to be sealed
    /// before.
    ///
    /// # Errors
    /// As of [`BuildMachine::add_tree`].
    pub async fn add_layer(&mut self, archive: impl io::Read + Send + 'static) -> Result<(), EngineError> {
        let number = self
            .add(LAYER, "bring a layer into the build's machine", archive)
            .await?;
        self.below = Below::Step(step_directory(number));
        Ok(())
    }

    async fn add(
        &mut self,
        tree: u32,
        action: &'static str,
        mut archive: impl io::Read + Send + 'static,
    ) -> Result<u32, EngineError> {
        let (chunks, receiver) = mpsc::channel(CHUNK_QUEUE);
        let reading = tokio::task::spawn_blocking(move || {
            let mut writer = ChunkWriter::new(chunks);
            io::copy(&mut archive, &mut writer)?;
            writer.finish()
        });
        let open = Request::Open(v1::AddArchiveOpen { tree });
        let rest = ReceiverStream::new(receiver).map(|chunk| match chunk {
            Chunk::Bytes(bytes) => Request::Chunk(bytes),
            Chunk::End => Request::End(v1::AddArchiveEnd {}),
        });
        let requests = tokio_stream::once(open)
            .chain(rest)
            .map(|request| v1::AddArchiveRequest { request: Some(request) });
        let added = self.client.add_archive(requests).await;
        match (added, reading.await) {
            (Ok(added), _) => Ok(added.into_inner().number),
            // Why it was cut off, if it was. That nobody takes it any more is not why.
            (Err(_), Ok(Err(error))) if error.kind() != io::ErrorKind::BrokenPipe => Err(EngineError::Control {
                action,
                reason: error.to_string(),
            }),
            (Err(status), _) => Err(EngineError::control(action)(status)),
        }
    }
}
