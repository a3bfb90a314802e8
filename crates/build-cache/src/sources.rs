//! Everything that builds have fetched from elsewhere, listed and taken away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::store::BuildCache;
use crate::traces::Traces;
use crate::{CacheError, CacheKey, claim, fetched, trees};

/// Which of the things that were fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceId {
    /// The file at an address.
    File(CacheKey),
    /// A tree of a repository.
    Tree {
        /// The digest of the repository's address.
        repository: CacheKey,
        /// Its name among the trees of the repository: its commit, and what of it was fetched.
        name: String,
    },
}

impl SourceId {
    /// A digest, by which users name it.
    #[must_use]
    pub fn key(&self) -> CacheKey {
        match self {
            Self::File(key) => *key,
            Self::Tree { repository, name } => CacheKey::of_text(&format!("{repository}/{name}")),
        }
    }
}

/// Something that was fetched.
#[derive(Debug, Clone)]
pub struct StoredSource {
    /// Which one.
    pub id: SourceId,
    /// Where it is from; `None` when that is not known, as of what was not fetched to its end.
    pub url: Option<String>,
    /// When it was fetched, where the file system tells.
    pub created: Option<SystemTime>,
    /// When a build used it last, where the file system tells.
    pub last_used: Option<SystemTime>,
    /// What it takes on the disk is what is below this.
    pub directory: PathBuf,
    /// Whether a build has it now.
    pub is_in_use: bool,
}

impl BuildCache {
    /// All that was fetched, in a fixed order.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn sources(&self) -> Result<Vec<StoredSource>, CacheError> {
        let mut sources = Vec::new();
        for (key, directory) in keyed(&self.files_dir())? {
            let Traces {
                url,
                created,
                last_used,
            } = fetched::traces(&directory);
            sources.push(StoredSource {
                id: SourceId::File(key),
                url,
                created,
                last_used,
                directory,
                is_in_use: is_claimed(&self.file_lock(&key))?,
            });
        }
        for (repository, directory) in keyed(&self.trees_dir())? {
            let is_claimed = is_claimed(&self.trees_lock(&repository))?;
            for (name, directory) in directories(&directory)? {
                let Traces {
                    url,
                    created,
                    last_used,
                } = trees::traces(&directory);
                let is_read = trees::is_read(&directory)?;
                sources.push(StoredSource {
                    id: SourceId::Tree { repository, name },
                    url,
                    created,
                    last_used,
                    directory,
                    is_in_use: is_claimed || is_read,
                });
            }
        }
        sources.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(sources)
    }

    /// Takes away what was fetched; `false` when a build has it, and when it is gone already. A file that a build has open stays until that has read it.
    ///
    /// # Errors
    /// [`CacheError`]. What could not be removed is fetched again by the next build that needs it.
    pub fn remove_source(&self, id: &SourceId) -> Result<bool, CacheError> {
        let (lock, directory) = match id {
            SourceId::File(key) => (self.file_lock(key), self.file_dir(key)),
            SourceId::Tree { repository, name } => {
                (self.trees_lock(repository), self.repository_dir(repository).join(name))
            }
        };
        container_durable::create_private_dir(&self.locks())?;
        let Some(_claim) = claim::try_claim(&lock)? else {
            return Ok(false);
        };
        if !directory.is_dir() {
            return Ok(false);
        }
        match id {
            SourceId::File(_) => match fs::remove_dir_all(&directory) {
                Ok(()) => Ok(true),
                Err(error) => Err(CacheError::file("remove", &directory, error)),
            },
            SourceId::Tree { .. } => {
                let is_gone = trees::remove_unless_held(&directory)?;
                if let Some(repository) = directory.parent() {
                    // Refused as long as it has others.
                    let _ = fs::remove_dir(repository);
                }
                Ok(is_gone)
            }
        }
    }
}

/// Whether a build works at what a lock is for.
fn is_claimed(lock: &Path) -> Result<bool, CacheError> {
    Ok(lock.exists() && claim::try_claim(lock)?.is_none())
}

/// The directories whose names are keys.
fn keyed(directory: &Path) -> Result<Vec<(CacheKey, PathBuf)>, CacheError> {
    let named = directories(directory)?.into_iter();
    Ok(named
        .filter_map(|(name, path)| Some((CacheKey::from_hex(&name)?, path)))
        .collect())
}

/// The directories in a directory, which need not be there.
fn directories(directory: &Path) -> Result<Vec<(String, PathBuf)>, CacheError> {
    let failed = |source| CacheError::file("read", directory, source);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            found.push((name, path));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FetchedFile;
    use container_oci::Digest;
    use std::io::Write as _;

    const REPOSITORY: &str = "https://host/a.git";

    fn file(url: &str) -> FetchedFile {
        FetchedFile {
            url: url.to_owned(),
            digest: Digest::Sha256([7; 32]),
            etag: None,
            last_modified: None,
            is_settled: false,
        }
    }

    fn seen(cache: &BuildCache) -> Vec<(Option<String>, bool)> {
        let sources = cache.sources().unwrap().into_iter();
        sources.map(|source| (source.url, source.is_in_use)).collect()
    }

    #[tokio::test]
    async fn a_file_goes_when_nobody_fetches_it() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        assert!(seen(&cache).is_empty() && !cache.has_grown());
        let claim = cache.claim_fetch("http://a/x", || {}).await.unwrap();
        let new = claim.begin().unwrap();
        new.file().write_all(b"content").unwrap();
        assert_eq!(seen(&cache), [(None, true)]);
        new.keep(file("http://a/x")).unwrap();
        assert_eq!(seen(&cache), [(Some("http://a/x".to_owned()), true)]);
        assert!(cache.has_grown());
        let id = cache.sources().unwrap().remove(0).id;
        assert!(!cache.remove_source(&id).unwrap());
        assert!(claim.known().unwrap().is_some());
        drop(claim);
        assert_eq!(seen(&cache), [(Some("http://a/x".to_owned()), false)]);
        assert!(cache.remove_source(&id).unwrap() && !cache.remove_source(&id).unwrap());
        assert!(seen(&cache).is_empty());
        let again = cache.claim_fetch("http://a/x", || {}).await.unwrap();
        assert!(again.known().unwrap().is_none());
        again.begin().unwrap().keep(file("http://a/x")).unwrap();
    }

    #[tokio::test]
    async fn a_tree_goes_when_nobody_reads_it_and_none_of_its_repository_is_made() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_trees(REPOSITORY, || {}).await.unwrap();
        let held = claim.begin("one").unwrap().keep(REPOSITORY, 7).unwrap();
        drop(claim);
        assert_eq!(seen(&cache), [(Some(REPOSITORY.to_owned()), true)]);
        let id = cache.sources().unwrap().remove(0).id;
        assert!(!cache.remove_source(&id).unwrap());
        drop(held);
        assert_eq!(seen(&cache), [(Some(REPOSITORY.to_owned()), false)]);
        let claim = cache.claim_trees(REPOSITORY, || {}).await.unwrap();
        assert!(!cache.remove_source(&id).unwrap());
        drop(claim);
        assert!(cache.remove_source(&id).unwrap());
        assert!(seen(&cache).is_empty());
        let left = fs::read_dir(root.path().join("build-cache/trees")).unwrap().count();
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn what_a_killed_build_has_left_of_a_tree_is_listed_and_goes() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_trees(REPOSITORY, || {}).await.unwrap();
        std::mem::forget(claim.begin("one").unwrap());
        drop(claim);
        assert_eq!(seen(&cache), [(None, false)]);
        let id = cache.sources().unwrap().remove(0).id;
        assert!(cache.remove_source(&id).unwrap());
        assert!(seen(&cache).is_empty());
    }

    #[tokio::test]
    async fn the_last_use_is_that_of_the_last_build() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_fetch("http://a/x", || {}).await.unwrap();
        claim.begin().unwrap().keep(file("http://a/x")).unwrap();
        drop(claim);
        let trees = cache.claim_trees(REPOSITORY, || {}).await.unwrap();
        drop(trees.begin("one").unwrap().keep(REPOSITORY, 7).unwrap());
        drop(trees);
        let last_used = |cache: &BuildCache| -> Vec<_> {
            let sources = cache.sources().unwrap().into_iter();
            sources.map(|source| source.last_used.unwrap()).collect()
        };
        let before = last_used(&cache);
        let later = loop {
            let later = BuildCache::at(root.path());
            let claim = later.claim_fetch("http://a/x", || {}).await.unwrap();
            claim.known().unwrap().unwrap();
            let trees = later.claim_trees(REPOSITORY, || {}).await.unwrap();
            trees.find("one").unwrap().unwrap();
            // Until the clock has gone on.
            let after = last_used(&later);
            if after.iter().zip(&before).all(|(after, before)| after > before) {
                break after;
            }
        };
        assert_eq!(later[0], later[1], "what one build uses is used at one time");
    }
}
