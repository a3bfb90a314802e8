//! How control messages travel: HTTP/2 over a Unix socket, with bounds that both sides share.

use std::io;
use std::os::unix::net::UnixStream;

/// HTTP/2 window of one stream: how much of it may be on its way, bytes.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 512 << 10;
/// HTTP/2 window of one connection, bytes.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;

/// Largest message that either side takes, bytes: a chunk of standard input or output, with room.
pub(crate) const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// Gives a stream to the runtime in which this is called.
pub(crate) fn to_tokio(stream: UnixStream) -> io::Result<tokio::net::UnixStream> {
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}
