//! Who does a step.

use std::path::Path;
use std::time::Duration;

use container_durable::{FileLock, LockMode};

use crate::CacheError;

/// The longest pause between two looks at a step that another build does.
const POLL_LIMIT: Duration = Duration::from_millis(100);

/// The right to do a step, until this is dropped. Its file is removed then.
#[derive(Debug)]
pub struct StepClaim(Option<FileLock>);

impl StepClaim {
    pub(crate) fn of(lock: FileLock) -> Self {
        Self(Some(lock))
    }
}

impl Drop for StepClaim {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(FileLock::remove) {
            tracing::warn!(%error, "cannot remove a lock file");
        }
    }
}

/// Takes the lock at `path`; calls `on_wait` once if another build holds it. Waits as long as that build takes; dropping the future ends the wait.
pub(crate) async fn claim(path: &Path, on_wait: impl FnOnce()) -> Result<StepClaim, CacheError> {
    let mut on_wait = Some(on_wait);
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(claim) = try_claim(path)? {
            return Ok(claim);
        }
        if let Some(on_wait) = on_wait.take() {
            on_wait();
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLL_LIMIT);
    }
}

/// Takes the lock at `path`, if nobody holds it.
pub(crate) fn try_claim(path: &Path) -> Result<Option<StepClaim>, CacheError> {
    let lock = FileLock::try_acquire(path, LockMode::Exclusive)?;
    Ok(lock.map(|lock| StepClaim(Some(lock))))
}
