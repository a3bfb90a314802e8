//! Asynchronous reading and writing of a file descriptor that can be polled: pipes, terminals, character devices.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll, ready};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, ReadBuf};

use crate::registration::register;

/// Most bytes that [`Descriptor::poll_read`] takes at a time: a page, which is all that a virtio-serial port gives in one read (`PAGE_SIZE` buffers in
/// drivers/char/virtio_console.c). What it offers to the kernel it has to clear first, and a frame's buffer is many times as large.
const READ_BYTES: usize = 4096;

/// A descriptor in non-blocking mode, registered with the runtime. Reading and writing need no exclusive access.
#[derive(Debug)]
pub(crate) struct Descriptor(AsyncFd<OwnedFd>);

impl Descriptor {
    pub(crate) fn new(file: OwnedFd) -> io::Result<Self> {
        let flags = fcntl_getfl(&file)?;
        fcntl_setfl(&file, flags | OFlags::NONBLOCK)?;
        Ok(Self(register(file, Interest::READABLE | Interest::WRITABLE)?))
    }

    /// Reads at least one byte; zero at the end. EIO from a terminal, whose last process has closed it, is the end too.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self
            .0
            .async_io(Interest::READABLE, |file| Ok(rustix::io::read(file, &mut *buffer)?))
            .await;
        match read {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            other => other,
        }
    }

    /// Reads up to the end, at most `limit` bytes.
    pub(crate) async fn read_to_end(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; limit];
        let mut length = 0;
        while length < limit {
            match self.read(&mut bytes[length..]).await? {
                0 => break,
                read => length += read,
            }
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    /// How many bytes can be read without waiting; zero where the kernel does not say.
    pub(crate) fn waiting_bytes(&self) -> usize {
        rustix::io::ioctl_fionread(self).map_or(0, |bytes| usize::try_from(bytes).unwrap_or(0))
    }

    /// Writes all of `bytes`.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self
                .0
                .async_io(Interest::WRITABLE, |file| Ok(rustix::io::write(file, bytes)?))
                .await?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    pub(crate) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(context))?;
            let unfilled = buffer.initialize_unfilled_to(buffer.remaining().min(READ_BYTES));
            match guard.try_io(|file| Ok(rustix::io::read(file, unfilled)?)) {
                Ok(Ok(read)) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(read));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_not_ready) => {}
            }
        }
    }

    pub(crate) fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(context))?;
            match guard.try_io(|file| Ok(rustix::io::write(file, bytes)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_not_ready) => {}
            }
        }
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_pass_and_the_end_is_seen() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let (read, write) = (Descriptor::new(read).unwrap(), Descriptor::new(write).unwrap());
        write.write_all(b"hello").await.unwrap();
        drop(write);
        assert_eq!(read.read_to_end(100).await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn more_than_a_pipe_holds_is_written_as_the_reader_reads() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let (read, write) = (Descriptor::new(read).unwrap(), Descriptor::new(write).unwrap());
        let bytes = vec![7; 1 << 20];
        let (sent, got) = tokio::join!(
            async {
                write.write_all(&bytes).await.unwrap();
                drop(write);
            },
            read.read_to_end(2 << 20)
        );
        let () = sent;
        assert_eq!(got.unwrap(), bytes);
    }
}
