//! The process that serves a machine.

mod announce;
mod changes;
mod confine;
mod device;
mod filesystem;
mod locks;
mod names;
mod node;
#[cfg(any(test, feature = "fuzzing"))]
mod play;
mod record;
mod record_cache;
mod record_table;
mod tree_filesystem;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vhost::vhost_user::Listener;
use vhost_user_backend::VhostUserDaemon;
use vm_memory::{GuestMemoryAtomic, GuestMemoryMmap};

use crate::tree::SharedTree;
use announce::Announcer;
use changes::Watches;
use device::Device;
use filesystem::Filesystem;
#[cfg(any(test, feature = "fuzzing"))]
pub use play::{Request, play};

/// Whether this system has a file server.
pub const IS_AVAILABLE: bool = true;

/// Descriptors that the process needs for itself: the connection, its queues, the trees.
const OWN_DESCRIPTORS: u64 = 128;

/// The part of all descriptors that the machine's locks may have, and their most.
const PART_FOR_LOCKS: u64 = 16;
const MAXIMUM_FOR_LOCKS: u64 = 4 << 10;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// A tree cannot be opened.
    #[error("cannot share {}: {source}", path.display())]
    Tree {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses to confine the process.
    #[error("cannot confine the file server to what it shares: {source}")]
    Confine {
        /// What it says.
        #[from]
        source: landlock::RulesetError,
    },
    /// The process may open too few files.
    #[error("the file server may open {limit} files, which are too few: raise the limit of open files (`ulimit -Hn`)")]
    Descriptors {
        /// The limit.
        limit: u64,
    },
    /// The connection cannot be set up.
    #[error("cannot speak to the machine: {reason}")]
    Connection {
        /// What is wrong.
        reason: String,
    },
}

/// Serves `trees` to the one machine that connects to `listener`, and returns when that is gone. What happens in them otherwise is told on `changes`; see
/// [`crate::Change`].
///
/// The calling process is confined to the trees for good, so it does nothing else. It ends by itself when the machine breaks the protocol.
///
/// # Errors
/// When a tree cannot be opened, the process cannot be confined, or there is no connection.
pub(crate) fn serve(listener: OwnedFd, trees: &[SharedTree], changes: Option<UnixStream>) -> Result<(), ServeError> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.unwrap_or(u64::MAX);
    let for_locks = (limit / PART_FOR_LOCKS).min(MAXIMUM_FOR_LOCKS);
    let per_tree = limit.saturating_sub(OWN_DESCRIPTORS + for_locks) / (trees.len() as u64).max(1);
    if per_tree < OWN_DESCRIPTORS {
        return Err(ServeError::Descriptors { limit });
    }
    let of_tree = |tree: &SharedTree| {
        let path = tree.path.clone();
        move |source| ServeError::Tree { path, source }
    };
    let opened = trees.iter().map(|tree| Ok((tree, open(tree).map_err(of_tree(tree))?)));
    let opened: Vec<_> = opened.collect::<Result<_, ServeError>>()?;
    let mut records = Vec::new();
    for (path, tree) in trees.iter().filter_map(|tree| Some((tree.records.as_ref()?, tree))) {
        records.push(open_path(path).map_err(of_tree(tree))?);
    }
    let mut filesystem = Filesystem::new(trees, per_tree, for_locks as usize)
        .map_err(|(path, source)| ServeError::Tree { path, source })?;
    // Before the connection is made, which starts the thread that answers requests: threads that are there already would not be confined.
    confine::to(&opened, &records)?;
    drop(records);
    let roots = opened.into_iter().map(|(_, opened)| opened).collect();
    // Without them nobody is told of changes, and files are served all the same.
    if let Some(stream) = changes
        && let Ok(watches) = Watches::new(roots)
    {
        let (trees, changes) = filesystem.watch(watches);
        let announcer = Announcer { trees, changes, stream };
        let _ = announcer.start();
    }
    let device = Arc::new(Device::new(filesystem));
    let memory = GuestMemoryAtomic::new(GuestMemoryMmap::new());
    let mut daemon = VhostUserDaemon::new("shares".to_owned(), device, memory).map_err(connection)?;
    let mut listener = Listener::from(UnixListener::from(listener));
    daemon.start(&mut listener).map_err(connection)?;
    // The end of the connection is that of the machine.
    let _ = daemon.wait();
    Ok(())
}

/// Opens a tree without any right to its content, for the rule that confines this process to it.
fn open(tree: &SharedTree) -> io::Result<File> {
    open_path(&tree.path)
}

fn open_path(path: &Path) -> io::Result<File> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn connection(error: impl std::fmt::Debug) -> ServeError {
    ServeError::Connection {
        reason: format!("{error:?}"),
    }
}
