//! Opening a stream. Neither function retries; the caller bounds the wait.

use std::io;
use std::path::Path;

use tokio::net::UnixStream;

use crate::ByteStream;

/// Connects to the Unix socket at `path`.
///
/// # Errors
/// As of `connect(2)`; [`io::ErrorKind::ConnectionRefused`] when no process listens there.
pub async fn connect_unix(path: &Path) -> io::Result<ByteStream> {
    Ok(UnixStream::connect(path).await?.into())
}

/// Connects to vsock port `port` of the machine with context id `cid` (vsock(7)).
///
/// # Errors
/// As of `connect(2)`: [`io::ErrorKind::ConnectionReset`] while the guest does not listen yet, `ENODEV` when there is
/// no such machine.
#[cfg(target_os = "linux")]
pub async fn connect_vsock(cid: u32, port: u32) -> io::Result<ByteStream> {
    Ok(
        tokio_vsock::VsockStream::connect(tokio_vsock::VsockAddr::new(cid, port))
            .await?
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_is_not_there_is_named_as_such() {
        let error = connect_unix(Path::new("/nonexistent/socket")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
