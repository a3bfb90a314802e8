//! The sockets of the host that lead into the container. They are there from before its machine boots until the launcher ends.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockError, LockMode};
use container_model::ContainerConfig;
use container_state::{AppPaths, SOCKET_PATH_MAX_BYTES};
use socket2::{Domain, SockAddr, Socket, Type};

/// Name in the runtime directory of the lock under which launchers look at what is in their way and remove it.
const LOCK_NAME: &str = "published-sockets.lock";

/// Connections that may wait until the container's socket takes them; the kernel allows as many or fewer. A client that does not wait itself is
/// refused when there is no place.
const BACKLOG: i32 = 4096;

/// A socket could not be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("cannot publish a socket at {}: a program listens on the socket that is there", path.display())]
    InUse { path: PathBuf },
    #[error("cannot publish a socket at {}: something else than a socket is there, and is not removed", path.display())]
    InTheWay { path: PathBuf },
    #[error("cannot publish a socket at {}: its path has more than {SOCKET_PATH_MAX_BYTES} bytes", path.display())]
    PathTooLong { path: PathBuf },
    #[error("cannot publish a socket at {}: {source}", path.display())]
    System { path: PathBuf, source: io::Error },
    #[error("cannot publish sockets: {0}")]
    Lock(#[from] LockError),
}

/// All sockets that a container publishes. Their files go with the value.
#[derive(Debug, Default)]
pub(crate) struct PublishedSockets(Vec<Published>);

/// A socket of the host.
#[derive(Debug)]
struct Published {
    host_path: PathBuf,
    container_path: String,
    listener: UnixListener,
    /// Device and number of its file, which tell it from another program's at the same path.
    identity: (u64, u64),
}

impl PublishedSockets {
    /// Makes the sockets, for this user only, and the directories that they lack. A socket on which nobody listens any more is replaced: a
    /// launcher that was killed has left it.
    ///
    /// # Errors
    /// The first socket that could not be made; none is there then.
    pub(crate) fn make(paths: &AppPaths, config: &ContainerConfig) -> Result<Self, PublishError> {
        let mut made = Self::default();
        if config.published_sockets.is_empty() {
            return Ok(made);
        }
        let _lock = FileLock::acquire(&paths.runtime().join(LOCK_NAME), LockMode::Exclusive)?;
        for socket in &config.published_sockets {
            let (listener, identity) = listen(&socket.host_path)?;
            made.0.push(Published {
                host_path: socket.host_path.clone(),
                container_path: socket.container_path.clone(),
                listener,
                identity,
            });
        }
        Ok(made)
    }

    /// Each socket's listener, and the path in the container that it leads to. Needs a runtime.
    pub(super) fn listeners(&self) -> impl Iterator<Item = io::Result<(tokio::net::UnixListener, String)>> {
        self.0.iter().map(|socket| {
            let listener = socket.listener.try_clone()?;
            Ok((
                tokio::net::UnixListener::from_std(listener)?,
                socket.container_path.clone(),
            ))
        })
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if identity(&self.host_path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.host_path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn listen(path: &Path) -> Result<(UnixListener, (u64, u64)), PublishError> {
    let failed = |source| PublishError::System {
        path: path.to_owned(),
        source,
    };
    if path.as_os_str().len() > SOCKET_PATH_MAX_BYTES {
        return Err(PublishError::PathTooLong { path: path.to_owned() });
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    make_way(path)?;
    let bound = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        Ok(socket)
    };
    let socket = bound().map_err(failed)?;
    // Nobody can connect before it listens.
    let ready = || {
        let identity = identity(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.set_nonblocking(true)?;
        socket.listen(BACKLOG)?;
        Ok(identity)
    };
    match ready() {
        Ok(identity) => Ok((UnixListener::from(std::os::fd::OwnedFd::from(socket)), identity)),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(failed(error))
        }
    }
}

/// Removes a socket on which nobody listens.
fn make_way(path: &Path) -> Result<(), PublishError> {
    let failed = |source| PublishError::System {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if metadata.file_type().is_socket() => {}
        Ok(_) => return Err(PublishError::InTheWay { path: path.to_owned() }),
    }
    match is_listened_on(path) {
        Ok(false) => fs::remove_file(path).map_err(failed),
        Ok(true) => Err(PublishError::InUse { path: path.to_owned() }),
        Err(error) => Err(failed(error)),
    }
}

/// A socket of another type, or one whose queue is full, is somebody's as well.
fn is_listened_on(path: &Path) -> io::Result<bool> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn error(path: &Path) -> String {
        listen(path).unwrap_err().to_string()
    }

    #[test]
    fn a_socket_is_its_user_s_alone_and_its_directory_is_made() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/er/s");
        let (_listener, _) = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn only_a_socket_that_nobody_listens_on_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s");
        let first = listen(&path).unwrap();
        assert!(error(&path).contains("a program listens"));
        // What a killed launcher leaves.
        drop(first);
        assert!(path.exists());
        let (_second, _) = listen(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());

        let datagrams = root.path().join("d");
        let _socket = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
        assert!(error(&datagrams).contains("a program listens"));
    }

    #[test]
    fn files_in_the_way_stay() {
        let root = tempfile::tempdir().unwrap();
        let (file, link) = (root.path().join("file"), root.path().join("link"));
        fs::write(&file, "kept").unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [&file, &link, &root.path().to_owned()] {
            assert!(error(path).contains("not removed"), "{}", path.display());
        }
        assert_eq!(fs::read(&file).unwrap(), b"kept");
        let long = root.path().join("x".repeat(SOCKET_PATH_MAX_BYTES));
        assert!(error(&long).contains("more than"));
    }

    #[test]
    fn a_socket_that_another_program_has_put_there_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s");
        let published = |path: &Path| {
            let (listener, identity) = listen(path).unwrap();
            Published {
                host_path: path.to_owned(),
                container_path: String::new(),
                listener,
                identity,
            }
        };
        drop(published(&path));
        assert!(!path.exists());
        let ours = published(&path);
        fs::rename(&path, root.path().join("aside")).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(ours);
        assert!(UnixStream::connect(&path).is_ok());
    }
}
