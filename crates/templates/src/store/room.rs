//! Keeping within the limit.

use container_durable::{FileLock, LockMode};

use super::{LOCK_LIMIT, TemplateStore};
use crate::layout::STORE_LOCK_FILE;
use crate::{PublishError, TemplateError};

impl TemplateStore {
    /// Removes templates until one more of this size fits into the limit. The room is the caller's for as long as the lock is held that is returned.
    pub(super) fn make_room(&self, size_bytes: u64) -> Result<FileLock, PublishError> {
        let path = self.directory.join(STORE_LOCK_FILE);
        let turn = FileLock::acquire_within(&path, LockMode::Exclusive, LOCK_LIMIT).map_err(TemplateError::from)?;
        let turn = turn.ok_or(TemplateError::Busy { path })?;
        let no_room = |used_bytes| PublishError::NoRoom {
            size_bytes,
            used_bytes,
            limit_bytes: self.limit_bytes,
        };
        let left_bytes = self.limit_bytes.checked_sub(size_bytes).ok_or_else(|| no_room(0))?;
        self.prune_to(left_bytes)?;
        let used_bytes = self.list()?.iter().map(|template| template.size_bytes).sum();
        (used_bytes <= left_bytes)
            .then_some(turn)
            .ok_or_else(|| no_room(used_bytes))
    }
}
