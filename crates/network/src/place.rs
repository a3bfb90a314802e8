//! Where the process of a network listens.
//!
//! The socket is in the runtime directory of whoever started the process. Another login, a cron job or a service may have another one, so that the process
//! leaves a link to its socket in the network's directory.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use container_model::NetworkName;
use container_state::{AppPaths, PathsError};

/// Name of the link to the socket, in the network's directory.
const LINK_FILE: &str = "control";

/// The socket of a network's process, whoever has started that. Without one it is where this process would have it, which is also where those of releases
/// listen that made no link.
pub(crate) fn socket(paths: &AppPaths, name: &NetworkName) -> Result<PathBuf, PathsError> {
    // The socket's own path: that of the link may be too long for a socket address.
    match fs::read_link(link(paths, name)) {
        Ok(socket) => Ok(socket),
        Err(_) => paths.network_socket(name),
    }
}

fn link(paths: &AppPaths, name: &NetworkName) -> PathBuf {
    paths.networks().join(name.as_str()).join(LINK_FILE)
}

/// The files by which a network's process is found; they go when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    socket: PathBuf,
    link: PathBuf,
}

impl Place {
    /// Makes room for the socket and leads to it. The caller holds the network's lock, so that what is in the way was left by a process that was killed.
    pub(crate) fn take(paths: &AppPaths, name: &NetworkName) -> Result<(Self, io::Result<()>), PathsError> {
        let place = Self {
            socket: paths.network_socket(name)?,
            link: link(paths, name),
        };
        if let Ok(stale) = fs::read_link(&place.link)
            && stale.extension() == place.socket.extension()
        {
            let _ = fs::remove_file(stale);
        }
        let _ = fs::remove_file(&place.link);
        let _ = fs::remove_file(&place.socket);
        let led = symlink(&place.socket, &place.link);
        Ok((place, led))
    }

    /// Where to listen.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Whoever comes now starts a new process, which waits for the lock.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_file(&self.link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_process_is_found_from_other_runtime_directories_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let name: NetworkName = "web".parse().unwrap();
        let [one, other] = ["one", "other"].map(|runtime| {
            let paths = AppPaths::new(root.path().join("app"), root.path().join(runtime));
            paths.prepare().unwrap();
            fs::create_dir_all(paths.networks().join("web")).unwrap();
            paths
        });
        assert_eq!(socket(&other, &name).unwrap(), other.network_socket(&name).unwrap());
        // As if it had been killed.
        let (killed, led) = Place::take(&one, &name).unwrap();
        led.unwrap();
        drop(UnixListener::bind(killed.socket()).unwrap());
        std::mem::forget(killed);
        assert!(UnixStream::connect(socket(&other, &name).unwrap()).is_err());

        let (place, led) = Place::take(&other, &name).unwrap();
        led.unwrap();
        let _listener = UnixListener::bind(place.socket()).unwrap();
        for paths in [&one, &other] {
            UnixStream::connect(socket(paths, &name).unwrap()).unwrap();
        }
        drop(place);
        for paths in [&one, &other] {
            assert_eq!(fs::read_dir(paths.runtime()).unwrap().count(), 0);
        }
        assert!(fs::symlink_metadata(link(&one, &name)).is_err());
    }
}
