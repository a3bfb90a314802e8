//! A system whose kernel has no vsock for guests.

use std::io;
use std::os::fd::OwnedFd;

use container_stream::ByteStream;

/// There is none.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn open() -> io::Result<Option<(u32, OwnedFd)>> {
    Ok(None)
}

/// No guest has a context id.
pub(super) async fn connect(_guest_cid: u32) -> io::Result<ByteStream> {
    Err(io::ErrorKind::Unsupported.into())
}
