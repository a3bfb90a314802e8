//! Output of the workload, to the log and to all attached clients.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use container_model::LogStream;
use tokio::sync::mpsc;

use crate::logs::StdioLog;

/// Chunks (of at most 64 KiB) that may wait for one client.
const CLIENT_QUEUE: usize = 4;

/// A piece of output.
#[derive(Debug, Clone)]
pub(crate) enum Chunk {
    /// Standard output, or the terminal.
    Stdout(Bytes),
    /// Standard error.
    Stderr(Bytes),
}

impl Chunk {
    fn parts(&self) -> (LogStream, &Bytes) {
        match self {
            Self::Stdout(bytes) => (LogStream::Stdout, bytes),
            Self::Stderr(bytes) => (LogStream::Stderr, bytes),
        }
    }
}

/// Copies the output of all runs to the log and to all attached clients at the pace of the slowest.
#[derive(Default)]
pub(crate) struct Output {
    log: OnceLock<StdioLog>,
    clients: Mutex<Clients>,
}

#[derive(Default)]
struct Clients {
    senders: Vec<mpsc::Sender<Chunk>>,
    closed: bool,
}

impl Output {
    /// Everything from now on. The channel ends with the output; dropping it leaves.
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<Chunk> {
        let (sender, receiver) = mpsc::channel(CLIENT_QUEUE);
        let mut clients = self.lock();
        if !clients.closed {
            clients.senders.push(sender);
        }
        receiver
    }

    /// Keeps all that is written from now on; once.
    pub(crate) fn log_to(&self, log: StdioLog) {
        // A launcher has one log.
        let _ = self.log.set(log);
    }

    /// Says that what is written next is another run's: no line goes on.
    pub(crate) async fn begin_run(&self) {
        if let Some(log) = self.log.get() {
            log.begin_run().await;
        }
    }

    /// Writes a chunk to the log and hands it to all clients.
    pub(crate) async fn write(&self, chunk: Chunk) {
        if let Some(log) = self.log.get() {
            let (stream, bytes) = chunk.parts();
            log.append(stream, bytes).await;
        }
        self.publish(chunk).await;
    }

    /// Hands a chunk to all clients; waits for those that are behind, but not for those that have left.
    async fn publish(&self, chunk: Chunk) {
        let senders = self.lock().senders.clone();
        let mut left = false;
        for sender in senders {
            left |= sender.send(chunk.clone()).await.is_err();
        }
        if left {
            self.lock().senders.retain(|sender| !sender.is_closed());
        }
    }

    /// Ends the output for all clients once they have read what waits for them.
    pub(crate) fn close(&self) {
        let mut clients = self.lock();
        clients.closed = true;
        clients.senders.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    fn chunk() -> Chunk {
        Chunk::Stdout(Bytes::from_static(b"x"))
    }

    #[tokio::test]
    async fn the_slowest_client_sets_the_pace_until_it_leaves() {
        let output = Output::default();
        let mut fast = output.subscribe();
        let slow = output.subscribe();
        for _ in 0..CLIENT_QUEUE {
            output.publish(chunk()).await;
            assert!(fast.recv().await.is_some());
        }
        assert!(
            timeout(Duration::from_millis(30), output.publish(chunk()))
                .await
                .is_err()
        );
        assert!(fast.recv().await.is_some());
        drop(slow);
        assert!(timeout(Duration::from_secs(9), output.publish(chunk())).await.is_ok());
    }

    #[tokio::test]
    async fn a_client_that_comes_after_the_end_sees_the_end() {
        let output = Output::default();
        let mut early = output.subscribe();
        output.publish(chunk()).await;
        output.close();
        assert!(early.recv().await.is_some() && early.recv().await.is_none());
        assert!(output.subscribe().recv().await.is_none());
    }
}
