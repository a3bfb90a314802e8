//! Taking away what builds keep.

use std::time::{Duration, SystemTime};

use container_build_cache::{BuildCache, Kept, least_recently_used};
use container_image::CollectScope;

use super::{BuildCacheKind, BuildCacheRecord, Entry, Keys};
use crate::error::InUseError;
use crate::images::blocking;
use crate::{ConfiguredEngine, Engine, ImageError};

/// What is to be taken away. What a build under way has mounted never is, and layers that it has stay until it has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildCacheFilter {
    /// Also what images need; that gives nothing back until they are gone.
    pub all: bool,
    /// Only what no build has used for so long.
    pub unused_for: Option<Duration>,
    /// Only what is of this kind.
    pub kind: Option<BuildCacheKind>,
    /// Only what has an id that begins so.
    pub id_prefix: Option<String>,
    /// Only until the rest takes no more bytes than these; what was used longest ago goes first.
    pub keep_bytes: Option<u64>,
}

/// What pruning the cache of builds has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunedBuildCache {
    /// What is gone.
    pub deleted: Vec<BuildCacheRecord>,
    /// Bytes that the disk got back.
    pub reclaimed_bytes: u64,
}

impl BuildCacheFilter {
    /// Whether a record may be taken away at `now`.
    fn covers(&self, record: &BuildCacheRecord, now: SystemTime) -> bool {
        let unused_for = now.duration_since(record.last_used.into()).unwrap_or_default();
        let is_allowed = match record.kind {
            BuildCacheKind::Layer => self.all || !record.is_needed,
            BuildCacheKind::Mount | BuildCacheKind::File | BuildCacheKind::Tree => !record.is_needed,
        };
        is_allowed
            && self.unused_for.is_none_or(|limit| unused_for >= limit)
            && self.kind.is_none_or(|kind| kind == record.kind)
            && self
                .id_prefix
                .as_ref()
                .is_none_or(|prefix| record.id.starts_with(prefix))
    }

    /// Those of the entries that go.
    fn choose(&self, mut entries: Vec<Entry>, now: SystemTime) -> Vec<Entry> {
        if let Some(keep_bytes) = self.keep_bytes {
            // What is needed elsewhere is not what makes the cache large.
            entries.retain(|entry| !entry.record.is_needed);
            entries = least_recently_used(entries, keep_bytes, |entry| Kept {
                last_used: entry.record.last_used.into(),
                created_unix_seconds: entry.record.created.map_or(0, time::OffsetDateTime::unix_timestamp),
                size_bytes: entry.record.size_bytes,
            });
        }
        entries.retain(|entry| self.covers(&entry.record, now));
        entries
    }
}

impl Engine {
    /// Takes away what builds keep and what a filter covers, and what is then in the image store for nobody.
    ///
    /// # Errors
    /// [`ImageError`]; what is not gone by then is still of use.
    pub async fn prune_build_cache(&self, filter: BuildCacheFilter) -> Result<PrunedBuildCache, ImageError> {
        let engine = self.clone();
        blocking(move || engine.prune_cache_now(&filter)).await
    }

    fn prune_cache_now(&self, filter: &BuildCacheFilter) -> Result<PrunedBuildCache, ImageError> {
        let cache = BuildCache::at(self.app_root());
        let entries = self.build_cache_entries(&self.images_usage()?)?;
        let mut pruned = PrunedBuildCache::default();
        let mut has_layers = false;
        for entry in filter.choose(entries, SystemTime::now()) {
            match &entry.keys {
                Keys::Steps(keys) => {
                    for key in keys {
                        cache.forget(key).map_err(InUseError::from)?;
                    }
                    has_layers = true;
                }
                Keys::Mount(key) => {
                    if !cache.remove_mount(key).map_err(InUseError::from)? {
                        continue;
                    }
                    pruned.reclaimed_bytes += entry.record.size_bytes;
                }
                Keys::Source(id) => {
                    if !cache.remove_source(id).map_err(InUseError::from)? {
                        continue;
                    }
                    pruned.reclaimed_bytes += entry.record.size_bytes;
                }
            }
            pruned.deleted.push(entry.record);
        }
        if has_layers {
            let collected = self
                .images()
                .collect_garbage(CollectScope::Unreachable, || self.images_in_use())?;
            pruned.reclaimed_bytes += collected.reclaimed_bytes;
        }
        Ok(pruned)
    }
}

impl ConfiguredEngine {
    /// Makes the cache of builds as small as the settings say.
    ///
    /// # Errors
    /// As [`Engine::prune_build_cache`].
    pub async fn limit_build_cache(&self) -> Result<PrunedBuildCache, ImageError> {
        let filter = BuildCacheFilter {
            keep_bytes: Some(self.settings.build.cache_max_size.0),
            ..BuildCacheFilter::default()
        };
        self.prune_build_cache(filter).await
    }
}
