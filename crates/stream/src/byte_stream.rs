//! The stream itself: a boxed reader and writer.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::UnixStream;

/// The traits of what a [`ByteStream`] wraps.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An ordered, bidirectional stream of bytes. Dropping it closes it.
pub struct ByteStream(Box<dyn Duplex>);

impl ByteStream {
    /// Wraps anything that carries bytes both ways, such as a backend's own kind of connection.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(stream))
    }

    /// Takes one end of a connected Unix stream socket (`socketpair(2)`). Needs a running tokio runtime.
    ///
    /// # Errors
    /// When the descriptor cannot be made non-blocking or registered with the runtime.
    pub fn from_socket(socket: OwnedFd) -> io::Result<Self> {
        let socket = std::os::unix::net::UnixStream::from(socket);
        socket.set_nonblocking(true)?;
        Ok(UnixStream::from_std(socket)?.into())
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByteStream").finish_non_exhaustive()
    }
}

impl From<UnixStream> for ByteStream {
    fn from(stream: UnixStream) -> Self {
        Self::new(stream)
    }
}

impl From<DuplexStream> for ByteStream {
    fn from(stream: DuplexStream) -> Self {
        Self::new(stream)
    }
}

#[cfg(target_os = "linux")]
impl From<tokio_vsock::VsockStream> for ByteStream {
    fn from(stream: tokio_vsock::VsockStream) -> Self {
        Self::new(stream)
    }
}

impl AsyncRead for ByteStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for ByteStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn both_ends_of_a_socket_pair_carry_bytes_and_end() {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut near = ByteStream::from_socket(near.into()).unwrap();
        let mut far = ByteStream::from_socket(far.into()).unwrap();
        near.write_all(b"ping").await.unwrap();
        near.shutdown().await.unwrap();
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"ping");
        far.write_all(b"pong").await.unwrap();
        drop(far);
        received.clear();
        near.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"pong");
    }
}
