//! Blocking work off the runtime's thread.

use crate::content::ContentError;

/// Runs `work` on a thread where it may block.
///
/// # Errors
/// [`ContentError::WorkerLost`] when the runtime is going down (or the work panicked, which is a bug).
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ContentError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ContentError::WorkerLost)
}
