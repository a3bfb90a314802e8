//! The steps of a build, of all its platforms.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use container_build_cache::{CacheKey, CachedStep};

/// What steps have made or found in this build. A step that several stages or platforms share is not done again, whatever `--no-cache` says.
#[derive(Default)]
pub(crate) struct MadeSteps(Mutex<BTreeMap<CacheKey, CachedStep>>);

impl MadeSteps {
    pub(super) fn add(&self, key: CacheKey, step: CachedStep) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, step);
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<CacheKey, CachedStep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn find(&self, key: &CacheKey) -> Option<CachedStep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}
