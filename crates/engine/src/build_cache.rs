//! What builds keep for later ones, as users see it: layers of steps, each once however many steps have it, and caches that commands mount.

mod prune;

use std::collections::BTreeMap;
use std::time::SystemTime;

use container_build_cache::{BuildCache, CacheKey, SourceId, StoredMount, StoredSource, StoredStep};
use container_image::{ImageUsage, allocated_bytes};
use container_oci::Digest;
use time::OffsetDateTime;

use crate::error::InUseError;
use crate::images::blocking;
use crate::{Engine, ImageError};
pub use prune::{BuildCacheFilter, PrunedBuildCache};

/// Something that builds keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildCacheRecord {
    /// The hexadecimal digits of a layer's diff id, of the digest of a mounted cache's id, or of one that stands for what was fetched.
    pub id: String,
    /// What it is.
    pub kind: BuildCacheKind,
    /// What made it, or what it is called.
    pub description: String,
    /// When it was made, where that is known.
    pub created: Option<OffsetDateTime>,
    /// When a build used it last.
    pub last_used: OffsetDateTime,
    /// Bytes of the disk.
    pub size_bytes: u64,
    /// Whether something else needs it: an image, a container, a build under way. Without the cache it would still be there.
    pub is_needed: bool,
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildCacheKind {
    /// The layer of a step.
    Layer,
    /// What commands keep in `--mount=type=cache`.
    Mount,
    /// A file that was fetched.
    File,
    /// The files of a commit of a repository.
    Tree,
}

impl BuildCacheKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Layer, Self::Mount, Self::File, Self::Tree];

    /// BuildKit's word for it; it has none for a file, which is a layer there.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Layer => "regular",
            Self::Mount => "exec.cachemount",
            Self::File => "source.http",
            Self::Tree => "source.git.checkout",
        }
    }
}

/// A record and how it is taken away.
#[derive(Debug)]
struct Entry {
    record: BuildCacheRecord,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Steps(Vec<CacheKey>),
    Mount(CacheKey),
    Source(SourceId),
}

impl Engine {
    /// What builds keep, those used longest ago first.
    ///
    /// # Errors
    /// [`ImageError`] when the cache or the image store cannot be looked through.
    pub async fn build_cache(&self) -> Result<Vec<BuildCacheRecord>, ImageError> {
        let engine = self.clone();
        blocking(move || {
            let usage = engine.images_usage()?;
            engine.build_cache_records(&usage)
        })
        .await
    }

    pub(crate) fn images_usage(&self) -> Result<ImageUsage, ImageError> {
        Ok(self.images().usage(|| self.images_in_use())?)
    }

    /// As [`Engine::build_cache`], where what the images cost is known.
    pub(crate) fn build_cache_records(&self, images: &ImageUsage) -> Result<Vec<BuildCacheRecord>, ImageError> {
        let entries = self.build_cache_entries(images)?;
        Ok(entries.into_iter().map(|entry| entry.record).collect())
    }

    fn build_cache_entries(&self, images: &ImageUsage) -> Result<Vec<Entry>, ImageError> {
        let cache = BuildCache::at(self.app_root());
        let mut layers: BTreeMap<Digest, Vec<StoredStep>> = BTreeMap::new();
        for stored in cache.steps().map_err(InUseError::from)? {
            layers.entry(stored.step.layer.diff_id).or_default().push(stored);
        }
        let layers = layers
            .into_iter()
            .filter_map(|(diff_id, steps)| of_layer(diff_id, steps, images));
        let mounts = cache.mounts().map_err(InUseError::from)?;
        let sources = cache.sources().map_err(InUseError::from)?;
        let mut entries: Vec<Entry> = layers
            .chain(mounts.into_iter().map(of_mount))
            .chain(sources.into_iter().map(of_source))
            .collect();
        entries.sort_by(|one, other| {
            let order = |entry: &Entry| (entry.record.last_used, std::cmp::Reverse(entry.record.created));
            order(one)
                .cmp(&order(other))
                .then_with(|| one.record.id.cmp(&other.record.id))
        });
        Ok(entries)
    }
}

/// A layer of one or more steps: the newest is the one that it is named after.
fn of_layer(diff_id: Digest, steps: Vec<StoredStep>, images: &ImageUsage) -> Option<Entry> {
    let newest = steps
        .iter()
        .max_by_key(|stored| (stored.last_used, stored.step.created_unix_seconds))?;
    let files = [newest.step.layer.descriptor.digest, diff_id].map(|digest| images.cached.get(&digest));
    let record = BuildCacheRecord {
        id: diff_id.hex(),
        kind: BuildCacheKind::Layer,
        description: newest.step.description.clone(),
        created: time_of(newest.step.created_unix_seconds),
        last_used: last_used(newest.last_used),
        size_bytes: files.iter().flatten().map(|file| file.size_bytes).sum(),
        is_needed: files.iter().flatten().any(|file| file.is_needed),
    };
    let keys = Keys::Steps(steps.iter().map(|stored| stored.key).collect());
    Some(Entry { record, keys })
}

fn of_mount(mount: StoredMount) -> Entry {
    let description = match &mount.id {
        Some(id) => format!("cached mount {id}"),
        None => "cached mount".to_owned(),
    };
    let record = BuildCacheRecord {
        id: mount.key.to_string(),
        kind: BuildCacheKind::Mount,
        description,
        created: mount.created_unix_seconds.and_then(time_of),
        last_used: last_used(mount.last_used),
        size_bytes: allocated_bytes(&mount.directory),
        is_needed: mount.is_in_use,
    };
    Entry {
        record,
        keys: Keys::Mount(mount.key),
    }
}

fn of_source(source: StoredSource) -> Entry {
    let url = source.url.as_deref();
    let (kind, description) = match &source.id {
        SourceId::File(_) => (
            BuildCacheKind::File,
            format!("file {}", url.unwrap_or("that is not whole")),
        ),
        SourceId::Tree { name, .. } => {
            let of = url.map(|url| format!(" of {url}")).unwrap_or_default();
            (BuildCacheKind::Tree, format!("tree {name}{of}"))
        }
    };
    let record = BuildCacheRecord {
        id: source.id.key().to_string(),
        kind,
        description,
        created: source.created.map(OffsetDateTime::from),
        last_used: last_used(source.last_used),
        size_bytes: allocated_bytes(&source.directory),
        is_needed: source.is_in_use,
    };
    Entry {
        record,
        keys: Keys::Source(source.id),
    }
}

fn time_of(unix_seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(unix_seconds).ok()
}

fn last_used(time: Option<SystemTime>) -> OffsetDateTime {
    time.unwrap_or(SystemTime::UNIX_EPOCH).into()
}

#[cfg(test)]
mod tests;
