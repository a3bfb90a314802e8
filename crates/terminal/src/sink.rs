//! Standard output and standard error, written on a thread of their own, so that a slow reader does not block tasks.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use rustix::event::PollFlags;
use rustix::io::Errno;
use tokio::sync::mpsc;

use crate::readiness::wait;

/// The most chunks that wait to be written.
const CHUNKS_WAITING: usize = 16;

/// The stream to write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Writes to two descriptors on one thread, in the order in which the chunks were given.
#[derive(Debug)]
pub struct Sink {
    chunks: mpsc::Sender<(Output, Bytes)>,
    thread: JoinHandle<io::Result<()>>,
}

impl Sink {
    /// Starts the writer.
    ///
    /// # Errors
    /// When a descriptor cannot be duplicated or no thread can be started.
    pub fn write(stdout: impl AsFd, stderr: impl AsFd) -> io::Result<Self> {
        let stdout = stdout.as_fd().try_clone_to_owned()?;
        let stderr = stderr.as_fd().try_clone_to_owned()?;
        let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING);
        let thread = thread::Builder::new()
            .name("stdout".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || pump(&stdout, &stderr, receiver))?;
        Ok(Self { chunks, thread })
    }

    /// Queues bytes to be written. Waits while the queue is full. `false` after a write has failed: [`finish`](Self::finish) returns
    /// the reason.
    pub async fn send(&self, output: Output, bytes: Bytes) -> bool {
        self.chunks.send((output, bytes)).await.is_ok()
    }

    /// Waits until everything has been written.
    ///
    /// # Errors
    /// The error of the write that failed: [`io::ErrorKind::BrokenPipe`] when the reader has gone.
    pub async fn finish(self) -> io::Result<()> {
        drop(self.chunks);
        let thread = self.thread;
        match tokio::task::spawn_blocking(move || thread.join()).await {
            Ok(Ok(result)) => result,
            _ => Err(io::Error::other("the writer of standard output ended early")),
        }
    }
}

fn pump(stdout: &OwnedFd, stderr: &OwnedFd, mut chunks: mpsc::Receiver<(Output, Bytes)>) -> io::Result<()> {
    while let Some((output, bytes)) = chunks.blocking_recv() {
        let descriptor = match output {
            Output::Stdout => stdout,
            Output::Stderr => stderr,
        };
        write_all(descriptor, &bytes)?;
    }
    Ok(())
}

fn write_all(descriptor: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(descriptor, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(descriptor, PollFlags::OUT)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[tokio::test]
    async fn the_streams_stay_apart_and_complete() {
        let (mut out, out_end) = io::pipe().unwrap();
        let (mut err, err_end) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&out_end, true).unwrap();
        let sink = Sink::write(&out_end, &err_end).unwrap();
        drop((out_end, err_end));
        let reader = thread::spawn(move || {
            let (mut first, mut second) = (Vec::new(), Vec::new());
            out.read_to_end(&mut first).unwrap();
            err.read_to_end(&mut second).unwrap();
            (first, second)
        });
        let chunk = Bytes::from(vec![7_u8; 50_000]);
        for _ in 0..10 {
            assert!(sink.send(Output::Stdout, chunk.clone()).await);
        }
        assert!(sink.send(Output::Stderr, Bytes::from_static(b"oops")).await);
        sink.finish().await.unwrap();
        let (first, second) = reader.join().unwrap();
        assert_eq!((first.len(), second.as_slice()), (500_000, &b"oops"[..]));
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_is_reported() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let sink = Sink::write(&writer, &writer).unwrap();
        while sink.send(Output::Stdout, Bytes::from_static(b"x")).await {}
        assert_eq!(sink.finish().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
