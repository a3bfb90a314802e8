//! `--mount=type=cache`: directories that outlive builds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_build_cache::{BuildCache, CacheMountClaim, CacheMountUse};
use container_dockerfile::{CacheMount, CacheSharing, Mount, MountOwner};

use crate::StepError;
use crate::plan::{Operation, PlannedStage};

/// The directories of a stage's caches, in the order in which its machine has them.
pub(super) struct StageCaches {
    places: BTreeMap<(String, bool), usize>,
    directories: Vec<PathBuf>,
    cache: BuildCache,
    /// Directories that this stage has for itself.
    private: Vec<CacheMountClaim>,
    /// Directories that stages share.
    shared: Vec<CacheMountUse>,
}

impl StageCaches {
    /// All caches that the stage's commands mount.
    pub(super) async fn of(stage: &PlannedStage, cache: &BuildCache) -> Result<Self, StepError> {
        let mut caches = Self {
            places: BTreeMap::new(),
            directories: Vec::new(),
            cache: cache.clone(),
            private: Vec::new(),
            shared: Vec::new(),
        };
        for step in &stage.steps {
            let Operation::Run(run) = &step.operation else { continue };
            for mount in &run.mounts {
                if let Mount::Cache(mount) = &mount.mount {
                    caches.add(mount)?;
                }
            }
        }
        Ok(caches)
    }

    fn add(&mut self, mount: &CacheMount) -> Result<(), StepError> {
        let name = name_of(mount);
        if self.places.contains_key(&name) {
            return Ok(());
        }
        let directory = match mount.sharing {
            CacheSharing::Private => {
                let claim = self.cache.private_mount(&name.0)?;
                let directory = claim.directory().to_owned();
                self.private.push(claim);
                directory
            }
            CacheSharing::Shared | CacheSharing::Locked => {
                let used = self.cache.mount_directory(&name.0)?;
                let directory = used.directory().to_owned();
                self.shared.push(used);
                directory
            }
        };
        self.places.insert(name, self.directories.len());
        self.directories.push(directory);
        Ok(())
    }

    pub(super) fn directories(&self) -> impl Iterator<Item = PathBuf> {
        self.directories.iter().cloned()
    }

    /// The place of a cache among the machine's.
    pub(super) fn place(&self, mount: &CacheMount) -> Option<usize> {
        self.places.get(&name_of(mount)).copied()
    }

    /// Waits until nobody else has a cache that is used by one at a time.
    pub(super) async fn claim(&self, mount: &CacheMount) -> Result<Option<CacheMountClaim>, StepError> {
        match mount.sharing {
            CacheSharing::Locked => Ok(Some(self.cache.lock_mount(&name_of(mount).0).await?)),
            CacheSharing::Shared | CacheSharing::Private => Ok(None),
        }
    }
}

/// What tells caches apart: their id, what they hold at first and whose they are, as in BuildKit; and one that is private is never one that is not.
fn name_of(mount: &CacheMount) -> (String, bool) {
    let mut name = mount.id.clone().unwrap_or_else(|| mount.target.clone());
    if let Some(from) = &mount.from {
        name += &format!("\0from {from}");
    }
    if mount.owner != MountOwner::default() {
        let MountOwner { mode, uid, gid } = mount.owner;
        let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        name += &format!("\0owner {}:{}:{}", number(uid), number(gid), number(mode));
    }
    (name, mount.sharing == CacheSharing::Private)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(owner: MountOwner, from: Option<&str>) -> CacheMount {
        CacheMount {
            id: None,
            target: "/cache".to_owned(),
            from: from.map(str::to_owned),
            source: None,
            readonly: false,
            sharing: CacheSharing::Shared,
            owner,
        }
    }

    #[test]
    fn caches_of_other_owners_or_with_other_first_files_are_others() {
        let owner = |uid| MountOwner {
            uid,
            ..MountOwner::default()
        };
        let names: std::collections::BTreeSet<_> =
            [(None, None), (Some(10), None), (Some(11), None), (None, Some("base"))]
                .map(|(uid, from)| name_of(&mount(owner(uid), from)))
                .into();
        assert_eq!(names.len(), 4);
        assert_eq!(name_of(&mount(owner(None), None)), ("/cache".to_owned(), false));
    }
}
