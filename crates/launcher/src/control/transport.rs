//! How control messages travel: HTTP/2 over a Unix socket, with bounds that both sides share.

use std::io;
use std::os::unix::net::UnixStream;

use container_agent_api::TREE_CHUNK_BYTES;
use tonic::transport::{Endpoint, Server};

/// Largest chunk of an archive of files in one message, bytes. Launchers pass chunks on as they are, so it is that of the agent's protocol.
pub const ARCHIVE_CHUNK_BYTES: usize = TREE_CHUNK_BYTES;

/// HTTP/2 window of one stream: how much of it may be on its way, bytes.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;
/// HTTP/2 window of one connection, bytes.
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;
/// Largest HTTP/2 frame, bytes: a chunk of an archive with what stands before it. In smaller ones each would be put together from many.
const FRAME_MAX_BYTES: u32 = 260 << 10;

const _: () = assert!(ARCHIVE_CHUNK_BYTES < FRAME_MAX_BYTES as usize && FRAME_MAX_BYTES <= STREAM_WINDOW_BYTES);

/// Largest message that either side takes, bytes: a chunk of an archive, with room.
pub(crate) const MESSAGE_MAX_BYTES: usize = 1 << 20;

/// A client's side.
pub(super) fn endpoint() -> Endpoint {
    Endpoint::from_static("http://launcher.invalid")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_MAX_BYTES)
}

/// A launcher's side.
pub(crate) fn server() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_MAX_BYTES)
}

/// Gives a stream to the runtime in which this is called.
pub(crate) fn to_tokio(stream: UnixStream) -> io::Result<tokio::net::UnixStream> {
    stream.set_nonblocking(true)?;
    tokio::net::UnixStream::from_std(stream)
}
