//! Standard input as a stream of chunks.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use bytes::Bytes;
use rustix::event::PollFlags;
use rustix::io::Errno;
use tokio::sync::mpsc;

use crate::readiness::wait;

/// Most bytes in one chunk: the usual capacity of a pipe.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that are read ahead.
const CHUNKS_AHEAD: usize = 4;

/// Reads a descriptor on a thread of its own.
///
/// The thread ends at the end of the input, or with the first chunk after this value was dropped. Until then it may be blocked in
/// read(2).
#[derive(Debug)]
pub struct Source {
    chunks: mpsc::Receiver<Bytes>,
}

impl Source {
    /// Starts reading.
    ///
    /// # Errors
    /// When the descriptor cannot be duplicated or no thread can be started.
    pub fn read(descriptor: impl AsFd) -> io::Result<Self> {
        let descriptor = descriptor.as_fd().try_clone_to_owned()?;
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        thread::Builder::new()
            .name("stdin".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || pump(&descriptor, &sender))?;
        Ok(Self { chunks })
    }

    /// The next bytes, never empty; `None` at the end of the input, also when reading fails.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.chunks.recv().await
    }
}

fn pump(descriptor: &OwnedFd, sender: &mpsc::Sender<Bytes>) {
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    loop {
        match rustix::io::read(descriptor, buffer.as_mut_slice()) {
            Ok(0) => return,
            Ok(length) => {
                if sender.blocking_send(Bytes::copy_from_slice(&buffer[..length])).is_err() {
                    return;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                if wait(descriptor, PollFlags::IN).is_err() {
                    return;
                }
            }
            // A terminal that has gone, for example: there is no more input.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn every_byte_arrives_and_then_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let sent: Vec<u8> = (0..300_000_u32)
            .map(|n| n.to_le_bytes()[1] ^ n.to_le_bytes()[0])
            .collect();
        let copy = sent.clone();
        let thread = thread::spawn(move || writer.write_all(&copy).unwrap());
        let mut source = Source::read(reader).unwrap();
        let mut got = Vec::new();
        while let Some(chunk) = source.next().await {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK_BYTES);
            got.extend_from_slice(&chunk);
        }
        thread.join().unwrap();
        assert!(got == sent);
    }

    #[tokio::test]
    async fn a_descriptor_made_non_blocking_by_others_is_read_all_the_same() {
        let (reader, mut writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let mut source = Source::read(reader).unwrap();
        let thread = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(20));
            writer.write_all(b"late").unwrap();
        });
        assert_eq!(source.next().await.as_deref(), Some(&b"late"[..]));
        thread.join().unwrap();
        assert_eq!(source.next().await, None);
    }
}
