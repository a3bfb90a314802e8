//! Waiting for another process without blocking the runtime.

use std::path::Path;
use std::time::Duration;

use container_durable::{FileLock, LockMode};
use tokio::time::Instant;

use crate::content::ContentError;

/// The longest wait for one layer that another operation is pulling.
const WAIT_LIMIT: Duration = Duration::from_secs(60 * 60);
/// The longest pause between two looks.
const POLL_LIMIT: Duration = Duration::from_millis(100);

/// A lock on a blob or disk that is being made. Its file is removed when it is dropped.
pub(super) struct WorkLock(Option<FileLock>);

impl Drop for WorkLock {
    fn drop(&mut self) {
        // A failure leaves an empty file, which the next sweep removes.
        if let Some(Err(error)) = self.0.take().map(FileLock::remove) {
            tracing::warn!(%error, "cannot remove a lock file");
        }
    }
}

/// Takes the lock at `path`; calls `on_wait` once if another operation holds it. Dropping the future ends the wait.
pub(super) async fn exclusive(path: &Path, on_wait: impl FnOnce()) -> Result<WorkLock, ContentError> {
    if let Some(lock) = FileLock::try_acquire(path, LockMode::Exclusive)? {
        return Ok(WorkLock(Some(lock)));
    }
    on_wait();
    let deadline = Instant::now() + WAIT_LIMIT;
    let mut pause = Duration::from_millis(2);
    while Instant::now() < deadline {
        tokio::time::sleep(pause).await;
        if let Some(lock) = FileLock::try_acquire(path, LockMode::Exclusive)? {
            return Ok(WorkLock(Some(lock)));
        }
        pause = (pause * 2).min(POLL_LIMIT);
    }
    Err(ContentError::Busy { path: path.to_owned() })
}
