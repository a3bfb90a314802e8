//! The gate: a lock between the users of the store and its garbage collection.
//!
//! An operation that relies on a blob or disk pins it (see [`super::Session`]) while it holds the gate open (a shared lock);
//! the collection reads the pins and takes unneeded files out of the store while it holds the gate shut (an exclusive lock).
//! So the collection either sees a pin, or the pin is made after the collection, when the file is visibly gone. The
//! collection removes the files only after it has released the gate, so that others wait only while it lists
//! the store and reads the records of names and containers.

use std::time::Duration;

use container_durable::{FileLock, LockMode};

use super::{ContentError, StorePaths};

/// The longest wait for the gate. A process that holds it for longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// While this lives, nothing is collected.
#[derive(Debug)]
pub(crate) struct OpenGate {
    _lock: FileLock,
}

/// While this lives, nothing is pinned.
#[derive(Debug)]
pub(crate) struct ShutGate {
    _lock: FileLock,
}

impl OpenGate {
    /// Holds the gate open. Others may do so at the same time.
    pub(crate) fn hold(paths: &StorePaths) -> Result<Self, ContentError> {
        let lock = acquire(paths, LockMode::Shared)?;
        Ok(Self { _lock: lock })
    }
}

impl ShutGate {
    /// Waits until no process holds the gate, and then holds it alone.
    pub(crate) fn hold(paths: &StorePaths) -> Result<Self, ContentError> {
        let lock = acquire(paths, LockMode::Exclusive)?;
        Ok(Self { _lock: lock })
    }
}

fn acquire(paths: &StorePaths, mode: LockMode) -> Result<FileLock, ContentError> {
    let path = paths.gate();
    FileLock::acquire_within(&path, mode, LIMIT)?.ok_or(ContentError::Busy { path })
}
