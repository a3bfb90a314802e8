//! The sockets in the container on which the caller listens.

use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid, chmod, chownat};
use rustix::io::Errno;

use crate::in_root::{ensure_file, path_of};
use crate::layout::Layout;
use crate::mount::{MountError, bind, make_directory};
use crate::owner::owner;
use crate::spec::SocketSpec;

/// For the container's user alone.
const SOCKET_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A socket in the container on which the caller listens.
#[derive(Debug)]
pub struct ListeningSocket {
    /// As in [`SocketSpec::listener`].
    pub listener: u32,
    /// It listens already.
    pub socket: UnixListener,
}

/// Makes a socket outside of the container's root, and shows it at `target`.
pub(crate) fn show_socket(
    layout: &Layout,
    root: &OwnedFd,
    target: &str,
    wanted: &SocketSpec,
) -> Result<ListeningSocket, MountError> {
    let directory = layout.sockets();
    make_directory(&directory)?;
    let path = directory.join(wanted.listener.to_string());
    let failed = |source| MountError::Prepare {
        path: target.into(),
        source,
    };
    let from_io = |error: std::io::Error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    let socket = UnixListener::bind(&path).map_err(from_io)?;
    let (user, group) = owner(root, &wanted.owner);
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    let mode = wanted
        .mode
        .map_or(SOCKET_MODE, |mode| Mode::from_raw_mode(mode & 0o7777));
    chmod(&path, mode).map_err(failed)?;
    chownat(CWD, &path, Some(user), Some(group), AtFlags::empty()).map_err(failed)?;
    let place = ensure_file(root.as_fd(), target).map_err(failed)?;
    bind(&path, path_of(&place)).map_err(|error| error.at(target))?;
    Ok(ListeningSocket {
        listener: wanted.listener,
        socket,
    })
}
