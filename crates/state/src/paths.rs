//! Where the state of `container` lies on this host.

use std::fmt::Write as _;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use container_durable::{ClaimError, DirectoryError, claim_private_dir, create_private_dir, sweep};
use container_model::{ContainerId, Layer, NetworkName};
use sha2::{Digest as _, Sha256};

use crate::platform::Platform;

mod choose;

/// Name of our directory below those that the system gives us.
const DIRECTORY_NAME: &str = "container";

/// Name of the directory below the app root for owners of what is on the host.
const SHARE_OWNERS: &str = "share-owners";

/// Bytes of the hash that name a socket.
const SOCKET_HASH_BYTES: usize = 8;

/// Extension of a socket's name.
const SOCKET_EXTENSION: &str = ".sock";

/// Bytes that a socket's name adds to the path of its directory, with the slash.
const SOCKET_NAME_BYTES: usize = 1 + 2 * SOCKET_HASH_BYTES + SOCKET_EXTENSION.len();

/// The directories of one user's `container`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPaths {
    root: PathBuf,
    runtime: PathBuf,
    /// The runtime directory is one of many users' in a public place.
    runtime_is_public: bool,
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
    /// The runtime directory that the environment asks for could not be made: it is another user's, as after `sudo -E`, or that of no session.
    #[error("{0}; XDG_RUNTIME_DIR names it: leave the variable unset, and sockets are kept with the containers")]
    Runtime(#[source] DirectoryError),
    /// The runtime directory, which had to be in a public place, could not be made there.
    #[error("{0}; set XDG_RUNTIME_DIR or CONTAINER_APP_ROOT to a shorter path to do without it")]
    PublicPlace(#[from] ClaimError),
    /// The runtime directory leaves no room for a socket's name.
    #[error(
        "the socket path {} has {length} bytes, this system allows {}: set XDG_RUNTIME_DIR to a shorter path",
        path.display(), Platform::CURRENT.socket_path_max_bytes()
    )]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length, bytes.
        length: usize,
    },
}

impl AppPaths {
    /// Directories chosen by the caller.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, runtime: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            runtime: runtime.into(),
            runtime_is_public: false,
        }
    }

    /// Makes the app root, the runtime directory and the directory of containers, for this user only. What killed commands left
    /// half-written in the app root, which may be a password, goes.
    ///
    /// # Errors
    /// [`PathsError::Directory`], [`PathsError::Runtime`], [`PathsError::PublicPlace`].
    pub fn prepare(&self) -> Result<(), PathsError> {
        for directory in [&self.root, &self.containers()] {
            create_private_dir(directory)?;
        }
        if self.runtime_is_public {
            claim_private_dir(&self.runtime)?;
        } else if self.runtime.starts_with(&self.root) {
            create_private_dir(&self.runtime)?;
        } else {
            create_private_dir(&self.runtime).map_err(PathsError::Runtime)?;
        }
        sweep(&self.root);
        Ok(())
    }

    /// The app root: everything that outlives a process.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where owners are kept of what can have no extended attribute below a directory of the host that containers see: one place for each,
    /// whatever path leads to it.
    #[must_use]
    pub fn share_owners(&self, shared: &Metadata) -> PathBuf {
        self.root
            .join(SHARE_OWNERS)
            .join(format!("{:x}-{:x}", shared.dev(), shared.ino()))
    }

    /// The same, made if it is not there.
    ///
    /// # Errors
    /// [`PathsError::Directory`].
    pub fn prepare_share_owners(&self, shared: &Metadata) -> Result<PathBuf, PathsError> {
        create_private_dir(&self.root.join(SHARE_OWNERS))?;
        let directory = self.share_owners(shared);
        create_private_dir(&directory)?;
        Ok(directory)
    }

    /// Where events are told.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.root.join("events.log")
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

    /// The read-only disk of a layer, as the image store names it: `layers/<hex>.ext4`, whatever is on it and whichever algorithm the digest has.
    #[must_use]
    pub fn layer_disk(&self, layer: &Layer) -> PathBuf {
        let name = format!("{}.ext4", layer.disk_id().hex());
        self.root.join("layers").join(name)
    }

    /// Where templates are kept: machines that were saved, to be continued by containers.
    #[must_use]
    pub fn templates(&self) -> PathBuf {
        self.root.join("templates")
    }

    /// Where the launcher of a container listens: a name of fixed length, whatever the container's.
    ///
    /// # Errors
    /// [`PathsError::SocketPathTooLong`].
    pub fn control_socket(&self, id: &ContainerId) -> Result<PathBuf, PathsError> {
        self.socket(id.as_str())
    }

    /// Where networks are kept.
    #[must_use]
    pub fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }

    /// Where the process of a network listens.
    ///
    /// # Errors
    /// [`PathsError::SocketPathTooLong`].
    pub fn network_socket(&self, name: &NetworkName) -> Result<PathBuf, PathsError> {
        // No container's id has a slash.
        self.socket(&format!("network/{name}"))
    }

    fn socket(&self, owner: &str) -> Result<PathBuf, PathsError> {
        let mut hash = Sha256::new();
        hash.update(self.root.as_os_str().as_bytes());
        // No path holds a zero byte, so that two pairs never hash the same bytes.
        hash.update([0]);
        hash.update(owner);
        let mut name = String::with_capacity(SOCKET_NAME_BYTES);
        for byte in &hash.finalize()[..SOCKET_HASH_BYTES] {
            let _ = write!(name, "{byte:02x}");
        }
        name.push_str(SOCKET_EXTENSION);
        let path = self.runtime.join(name);
        let length = path.as_os_str().len();
        if length > Platform::CURRENT.socket_path_max_bytes() {
            Err(PathsError::SocketPathTooLong { path, length })
        } else {
            Ok(path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_place_that_another_has_taken_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let taken = root.path().join("taken");
        std::os::unix::fs::symlink(root.path(), &taken).unwrap();
        let mut paths = AppPaths::new(root.path().join("app"), &taken);
        paths.prepare().unwrap();
        paths.runtime_is_public = true;
        assert!(matches!(paths.prepare(), Err(PathsError::PublicPlace(_))));
        paths.runtime = root.path().join("own");
        paths.prepare().unwrap();
    }

    #[test]
    fn digests_name_layer_disks_whatever_is_on_them() {
        let paths = AppPaths::new("/a", "/r");
        let hex = "0123456789abcdef".repeat(4);
        let id = format!("sha256:{hex}").parse().unwrap();
        for layer in [
            Layer::Single { diff_id: id },
            Layer::Merged { chain_id: id },
            Layer::Cover { cover_id: id },
            Layer::Untold { disk_id: id },
        ] {
            assert_eq!(paths.layer_disk(&layer), Path::new(&format!("/a/layers/{hex}.ext4")));
        }
        let long = "0123456789abcdef".repeat(8);
        let diff_id = format!("sha512:{long}").parse().unwrap();
        let disk = paths.layer_disk(&Layer::Single { diff_id });
        assert_eq!(disk, Path::new(&format!("/a/layers/{long}.ext4")));
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

    #[test]
    fn a_runtime_directory_that_cannot_be_made_names_the_variable_and_one_in_the_app_root_does_not() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        let reason = |paths: AppPaths| paths.prepare().unwrap_err().to_string();
        let elsewhere = AppPaths::new(place.path().join("root"), file.join("run"));
        assert!(reason(elsewhere).contains("leave the variable unset"));
        let root = place.path().join("root");
        std::fs::write(root.join("run"), "").unwrap();
        let within = reason(AppPaths::new(&root, root.join("run/deep")));
        assert!(!within.contains("XDG_RUNTIME_DIR"), "{within}");
    }
}
