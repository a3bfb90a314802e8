//! Not to know what is needed.

use container_build_cache::CacheError;
use container_state::ListError;

/// Why it is not known what is needed of the image store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InUseError {
    /// What containers need.
    #[error(transparent)]
    Containers(#[from] ListError),
    /// What builds keep.
    #[error(transparent)]
    Builds(#[from] CacheError),
}
