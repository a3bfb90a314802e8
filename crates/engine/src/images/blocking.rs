//! File work on threads where it may block.

use container_image::ContentError;

/// Runs file work on a thread where it may block.
pub(crate) async fn blocking<T: Send + 'static, E: From<ContentError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(ContentError::WorkerLost.into()),
    }
}
