//! Being the only process of a network.

use std::fs;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use container_durable::{FileLock, LockError, LockMode};
use container_model::{NetworkConfig, NetworkName};
use container_state::{AppPaths, PathsError};

use crate::client::LOG_FILE;
use crate::place::Place;
use crate::store::{LoadNetworkError, NetworkStore};

/// How long a predecessor that is ending is waited for.
const PREDECESSOR_LIMIT: Duration = Duration::from_secs(5);

/// Name of the lock that a network's process holds, in the network's directory.
const LOCK_FILE: &str = "switch.lock";

/// A network cannot be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum OwnError {
    #[error(transparent)]
    Load(#[from] LoadNetworkError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Paths(#[from] PathsError),
    #[error("cannot wait for sockets: {source}")]
    Events { source: io::Error },
    #[error("cannot listen on {}: {source}", path.display())]
    Listen { path: PathBuf, source: io::Error },
}

/// The network, while this process serves it.
pub(super) struct Owned {
    pub(super) config: NetworkConfig,
    /// The network's directory.
    pub(super) directory: PathBuf,
    listener: UnixListener,
    /// Before the lock, which the next process waits for.
    _place: Place,
    _lock: FileLock,
}

/// Takes possession of the network; `None` when another process has it.
pub(super) fn own(paths: &AppPaths, name: &NetworkName) -> Result<Option<Owned>, OwnError> {
    paths.prepare()?;
    let config = NetworkStore::new(paths).load(name)?;
    let directory = paths.networks().join(name.as_str());
    let lock = FileLock::acquire_within(&directory.join(LOCK_FILE), LockMode::Exclusive, PREDECESSOR_LIMIT)?;
    let Some(lock) = lock else {
        return Ok(None);
    };
    // The log is of one process. It is open for appending.
    let _ = fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(directory.join(LOG_FILE));
    let (place, led) = Place::take(paths, name)?;
    let listener = led.and_then(|()| {
        let listener = UnixListener::bind(place.socket())?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let listener = listener.map_err(|source| OwnError::Listen {
        path: place.socket().to_owned(),
        source,
    })?;
    Ok(Some(Owned {
        config,
        directory,
        listener,
        _place: place,
        _lock: lock,
    }))
}

impl Owned {
    /// The socket on which launchers and commands are heard, once more.
    pub(super) fn listener(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}
