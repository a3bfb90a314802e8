//! The registry and the store of a pull.

use std::sync::Arc;

use container_registry::RegistryClient;

use crate::content::{Session, StorePaths};
use crate::progress::Progress;

/// Where blobs come from and go to.
pub(super) struct Source<'a> {
    pub(super) paths: &'a StorePaths,
    pub(super) session: &'a Arc<Session>,
    pub(super) client: &'a RegistryClient,
    pub(super) progress: &'a dyn Progress,
}
