//! The sockets on which programs of the container listen.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, stat};
use rustix::io::Errno;

use crate::container::Container;
use crate::in_root::find_any;

/// Why a socket of the container cannot be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FindSocketError {
    /// No program runs in the container, or it is still being prepared.
    #[error("the container is not running")]
    NotRunning,
    /// There is nothing at the path, or it leads nowhere.
    #[error("there is no such socket")]
    Missing,
    /// What is there is no socket.
    #[error("it is no socket")]
    NoSocket,
    /// The kernel's reason.
    #[error("{0}")]
    Kernel(Errno),
}

impl Container {
    /// The socket at `path` as the container's first process sees it: links and `..` stay below its root. The descriptor names the file, so that
    /// a connection by way of `/proc/self/fd` reaches it wherever the path leads by then.
    ///
    /// # Errors
    /// [`FindSocketError`].
    pub fn find_socket(&self, path: &str) -> Result<OwnedFd, FindSocketError> {
        let init = self.init.as_ref().ok_or(FindSocketError::NotRunning)?;
        let root = root_of(init.as_fd()).ok_or(FindSocketError::NotRunning)?;
        socket_below(root.as_fd(), path)
    }
}

fn socket_below(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, FindSocketError> {
    let found = find_any(root, path).map_err(|error| match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP => FindSocketError::Missing,
        other => FindSocketError::Kernel(other),
    })?;
    let status = fstat(&found).map_err(FindSocketError::Kernel)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Socket => Ok(found),
        _ => Err(FindSocketError::NoSocket),
    }
}

/// The root directory of a process; `None` for one that has ended, and for one that still has the caller's own.
fn root_of(process: BorrowedFd<'_>) -> Option<OwnedFd> {
    let facts = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", process.as_raw_fd())).ok()?;
    // In a descriptor of a process (pidfd_open(2), "Pid"); -1 once it has been waited for.
    let pid: u32 = facts
        .lines()
        .find_map(|line| line.strip_prefix("Pid:"))?
        .trim()
        .parse()
        .ok()?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, format!("/proc/{pid}/root"), flags, Mode::empty()).ok()?;
    let (theirs, own) = (fstat(&root).ok()?, stat("/").ok()?);
    ((theirs.st_dev, theirs.st_ino) != (own.st_dev, own.st_ino)).then_some(root)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::in_root::path_of;

    #[test]
    fn sockets_are_found_below_the_root_only() {
        let outside = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(outside.path().join("outer")).unwrap();
        let root = outside.path().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let _inner = UnixListener::bind(root.join("inner")).unwrap();
        symlink("/inner", root.join("absolute")).unwrap();
        symlink(outside.path().join("outer"), root.join("escape")).unwrap();
        let opened = OwnedFd::from(std::fs::File::open(&root).unwrap());
        let found = |path: &str| socket_below(opened.as_fd(), path).map(drop);
        for inside in ["/inner", "/absolute", "/../../inner"] {
            assert_eq!(found(inside), Ok(()), "{inside}");
        }
        for missing in ["/escape", "/outer", "/../outer", "/file/x", "/lost"] {
            assert_eq!(found(missing), Err(FindSocketError::Missing), "{missing}");
        }
        assert_eq!(found("/file"), Err(FindSocketError::NoSocket));
    }

    #[test]
    fn a_socket_that_was_found_is_connected_to_although_its_path_leads_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let root = OwnedFd::from(std::fs::File::open(directory.path()).unwrap());
        let found = socket_below(root.as_fd(), "/socket").unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink("/nowhere", &path).unwrap();
        let _connected = std::os::unix::net::UnixStream::connect(path_of(&found)).unwrap();
        assert!(listener.accept().is_ok());
    }

    #[test]
    fn a_process_that_has_the_caller_s_root_is_not_taken_for_the_container() {
        let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty()).unwrap();
        assert!(root_of(own.as_fd()).is_none());
    }
}
