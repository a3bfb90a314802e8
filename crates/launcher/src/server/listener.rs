//! The control socket.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::time::Duration;

use container_state::Bundle;
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use super::connection::Connection;

/// Pause after the system refused a connection, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The socket's files; they go when this is dropped.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    socket: PathBuf,
    link: PathBuf,
    listener: Option<UnixListener>,
}

impl ControlSocket {
    /// Opens the socket at `socket`, for this user only, and links to it from the container's directory. The caller owns the
    /// container, so that what is in the way is a dead launcher's.
    pub(crate) fn bind(socket: PathBuf, bundle: &Bundle) -> io::Result<Self> {
        let link = bundle.control_link();
        for path in [&socket, &link] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let mut control = Self {
            socket,
            link,
            listener: None,
        };
        // The link comes first and goes last: it is how the socket of a launcher that was killed is found and removed.
        symlink(&control.socket, &control.link)?;
        control.listener = Some(UnixListener::bind(&control.socket)?);
        // Its directory is private as well; and each peer's user is looked at.
        std::fs::set_permissions(&control.socket, Permissions::from_mode(0o600))?;
        Ok(control)
    }

    pub(super) fn take_listener(&mut self) -> Option<UnixListener> {
        self.listener.take()
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(&self.link);
    }
}

/// Passes on connections of our own user until the service has ended.
pub(super) async fn accept(listener: UnixListener, connections: mpsc::Sender<io::Result<Connection>>) {
    let own_uid = rustix::process::geteuid().as_raw();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connections.closed() => return,
        };
        match accepted.and_then(|(stream, _)| Ok((stream.peer_cred()?.uid(), stream))) {
            Ok((uid, stream)) if uid == own_uid => {
                if connections.send(Ok(Connection::later(stream))).await.is_err() {
                    return;
                }
            }
            Ok((uid, _)) => tracing::warn!(uid, "refused a connection of another user"),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
