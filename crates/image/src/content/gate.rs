//! The gate between those who use the store and the collector of its garbage.
//!
//! Whoever is about to rely on a blob or disk pins it (see [`super::Session`]) while holding the gate open; the collector
//! reads the pins and takes what nobody needs out of the store while holding it shut. So a pin is either seen by the
//! collector, or is made when the collector is through and what it took is visibly gone. Both hold the gate for a moment
//! only: nobody waits at it for longer than it takes to look the store over.

use std::time::Duration;

use container_durable::{FileLock, LockMode};

use super::{ContentError, StorePaths};

/// Whoever holds the gate for longer hangs.
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
    /// Holds the gate open, together with others who do.
    pub(crate) fn hold(paths: &StorePaths) -> Result<Self, ContentError> {
        let lock = acquire(paths, LockMode::Shared)?;
        Ok(Self { _lock: lock })
    }
}

impl ShutGate {
    /// Waits until nobody holds the gate, and keeps everybody out.
    pub(crate) fn hold(paths: &StorePaths) -> Result<Self, ContentError> {
        let lock = acquire(paths, LockMode::Exclusive)?;
        Ok(Self { _lock: lock })
    }
}

fn acquire(paths: &StorePaths, mode: LockMode) -> Result<FileLock, ContentError> {
    let path = paths.gate();
    FileLock::acquire_within(&path, mode, LIMIT)?.ok_or(ContentError::Busy { path })
}
