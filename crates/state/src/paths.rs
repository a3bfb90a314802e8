//! Where the state of `container` lies on this host.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use container_durable::{DirectoryError, create_private_dir, sweep};
use container_model::ContainerId;
use sha2::{Digest as _, Sha256};

/// Name of our directory below those that the system gives us.
const DIRECTORY_NAME: &str = "container";

/// Longest path of a Unix socket, bytes, without the terminating zero: `sun_path` of unix(7) and unix(4).
const SOCKET_PATH_MAX_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Bytes of the hash that name a socket.
const SOCKET_NAME_BYTES: usize = 8;

/// The directories of one user's `container`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPaths {
    root: PathBuf,
    runtime: PathBuf,
}

/// Why there is no place for the state.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// Neither `CONTAINER_APP_ROOT` nor a home directory is known.
    #[error("cannot tell where to keep containers: neither CONTAINER_APP_ROOT nor HOME is set")]
    NoHome,
    /// A directory of the environment is not absolute.
    #[error("{variable} must be an absolute path, not {}", path.display())]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// A directory could not be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The runtime directory leaves no room for a socket's name.
    #[error(
        "the socket path {} has {length} bytes, this system allows {SOCKET_PATH_MAX_BYTES}: set XDG_RUNTIME_DIR or CONTAINER_APP_ROOT to a shorter path",
        path.display()
    )]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length, bytes.
        length: usize,
    },
}

impl AppPaths {
    /// The directories that the environment asks for: the app root is `$CONTAINER_APP_ROOT`, else the platform's place for
    /// application data; the runtime directory is `$XDG_RUNTIME_DIR/container`, else `run` in the app root.
    ///
    /// # Errors
    /// [`PathsError::NoHome`] and [`PathsError::Relative`].
    pub fn from_environment() -> Result<Self, PathsError> {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, PathsError> {
        let absolute = |name: &'static str| match variable(name).map(PathBuf::from) {
            Some(path) if path.is_relative() => Err(PathsError::Relative { variable: name, path }),
            other => Ok(other),
        };
        let root = match absolute("CONTAINER_APP_ROOT")? {
            Some(root) => root,
            None if cfg!(target_os = "macos") => absolute("HOME")?
                .ok_or(PathsError::NoHome)?
                .join("Library/Application Support")
                .join(DIRECTORY_NAME),
            None => match absolute("XDG_DATA_HOME")? {
                Some(data) => data.join(DIRECTORY_NAME),
                None => absolute("HOME")?
                    .ok_or(PathsError::NoHome)?
                    .join(".local/share")
                    .join(DIRECTORY_NAME),
            },
        };
        let runtime = match absolute("XDG_RUNTIME_DIR")? {
            Some(runtime) => runtime.join(DIRECTORY_NAME),
            None => root.join("run"),
        };
        Ok(Self { root, runtime })
    }

    /// Directories chosen by the caller.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, runtime: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            runtime: runtime.into(),
        }
    }

    /// Makes the app root, the runtime directory and the directory of containers, for this user only. What killed commands left
    /// half-written in the app root, which may be a password, goes.
    ///
    /// # Errors
    /// [`PathsError::Directory`].
    pub fn prepare(&self) -> Result<(), PathsError> {
        for directory in [&self.root, &self.runtime, &self.containers()] {
            create_private_dir(directory)?;
        }
        sweep(&self.root);
        Ok(())
    }

    /// The app root: everything that outlives a process.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The runtime directory: sockets.
    #[must_use]
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// Where containers are kept.
    #[must_use]
    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// Where layer disks are kept.
    #[must_use]
    pub fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// Where the launcher of a container listens: a name of fixed length, whatever the container's.
    ///
    /// # Errors
    /// [`PathsError::SocketPathTooLong`].
    pub fn control_socket(&self, id: &ContainerId) -> Result<PathBuf, PathsError> {
        let mut hash = Sha256::new();
        hash.update(self.root.as_os_str().as_bytes());
        // No path holds a zero byte, so that two pairs never hash the same bytes.
        hash.update([0]);
        hash.update(id.as_str());
        let mut name = String::with_capacity(2 * SOCKET_NAME_BYTES + 5);
        for byte in &hash.finalize()[..SOCKET_NAME_BYTES] {
            let _ = write!(name, "{byte:02x}");
        }
        name.push_str(".sock");
        let path = self.runtime.join(name);
        let length = path.as_os_str().len();
        if length > SOCKET_PATH_MAX_BYTES {
            Err(PathsError::SocketPathTooLong { path, length })
        } else {
            Ok(path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(variables: &[(&str, &str)]) -> Result<AppPaths, PathsError> {
        AppPaths::from_variables(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn app_root_wins_over_home() {
        let found = paths(&[("CONTAINER_APP_ROOT", "/a"), ("HOME", "/h"), ("XDG_DATA_HOME", "/d")]).unwrap();
        assert_eq!(found, AppPaths::new("/a", "/a/run"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_follows_the_base_directories() {
        let found = paths(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/user/1")]).unwrap();
        assert_eq!(
            found,
            AppPaths::new("/h/.local/share/container", "/run/user/1/container")
        );
        let found = paths(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]).unwrap();
        assert_eq!(found, AppPaths::new("/d/container", "/d/container/run"));
        assert!(matches!(paths(&[]), Err(PathsError::NoHome)));
    }

    #[test]
    fn relative_directories_are_refused() {
        assert!(matches!(
            paths(&[("CONTAINER_APP_ROOT", "a")]),
            Err(PathsError::Relative { .. })
        ));
    }

    #[test]
    fn socket_names_have_one_length_and_are_bounded() {
        let short: ContainerId = "ab".parse().unwrap();
        let long: ContainerId = "x".repeat(63).parse().unwrap();
        let paths = AppPaths::new("/a", "/r");
        let one = paths.control_socket(&short).unwrap();
        let other = paths.control_socket(&long).unwrap();
        assert_eq!(one.as_os_str().len(), "/r/0123456789abcdef.sock".len());
        assert_eq!(one.as_os_str().len(), other.as_os_str().len());
        assert_ne!(one, other);
        let deep = AppPaths::new("/a", format!("/{}", "d".repeat(100)));
        assert!(matches!(
            deep.control_socket(&short),
            Err(PathsError::SocketPathTooLong { .. })
        ));
    }
}
