//! Files that builds have fetched, each under the digest of its address.
//!
//! `build-cache/files/<digest>/content` is a file, `record.json` beside it says what it is. Both are replaced as wholes, the content first; a record says which
//! file it is about, so that a content whose record is still the old one counts as missing. The time of the record is when the file was used last.

use std::fs::File;
use std::path::{Path, PathBuf};

use container_durable::{FileIdentity, Record, RecordBody, Replacement, create_private_dir, read_record, write_record};
use container_oci::Digest;
use serde::{Deserialize, Serialize};

use crate::store::BuildCache;
use crate::traces::{Traces, modified};
use crate::{CacheError, CacheKey, StepClaim, claim};

/// The name of the file in its directory.
const CONTENT: &str = "content";
const RECORD: &str = "record.json";

/// What is known of a file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchedFile {
    /// Its address.
    pub url: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// What the server calls this version.
    pub etag: Option<String>,
    /// When it was changed last, as the server says it.
    pub last_modified: Option<String>,
    /// Whether the time alone tells that it is this version.
    pub is_settled: bool,
}

/// What the record holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    file: FetchedFile,
    content: FileIdentity,
}

impl RecordBody for Kept {
    const VERSION: u32 = 1;
}

/// The right to fetch what is at an address, until this is dropped.
#[derive(Debug)]
pub struct FetchClaim {
    cache: BuildCache,
    directory: PathBuf,
    _claim: StepClaim,
}

/// A file that is being fetched. Dropped, it is gone.
#[derive(Debug)]
pub struct NewFile {
    cache: BuildCache,
    directory: PathBuf,
    replacement: Replacement,
}

impl BuildCache {
    /// Waits until nobody else fetches what is at `url`. `on_wait` is called once if somebody does.
    ///
    /// # Errors
    /// [`CacheError`]
    pub async fn claim_fetch(&self, url: &str, on_wait: impl FnOnce()) -> Result<FetchClaim, CacheError> {
        let key = CacheKey::of_text(url);
        create_private_dir(&self.locks())?;
        let claim = claim::claim(&self.file_lock(&key), on_wait).await?;
        // After that nobody takes it away.
        let directory = self.file_dir(&key);
        create_private_dir(&directory)?;
        Ok(FetchClaim {
            cache: self.clone(),
            directory,
            _claim: claim,
        })
    }

    /// The directory of a file.
    pub(crate) fn file_dir(&self, key: &CacheKey) -> PathBuf {
        self.files_dir().join(key.to_string())
    }

    /// Held by whoever fetches a file or takes it away.
    pub(crate) fn file_lock(&self, key: &CacheKey) -> PathBuf {
        self.locks().join(format!("file-{key}.lock"))
    }
}

/// What is known of the file in a directory.
pub(crate) fn traces(directory: &Path) -> Traces {
    let record = directory.join(RECORD);
    let kept = read_record::<Kept>(&record).ok().flatten();
    let created = modified(&directory.join(CONTENT)).or_else(|| modified(directory));
    Traces {
        url: kept.map(|kept| kept.body.file.url),
        created,
        last_used: modified(&record).or(created),
    }
}

impl FetchClaim {
    /// What was fetched before, if it is as it was then.
    ///
    /// # Errors
    /// [`CacheError`] when it cannot be read. A damaged record, or one of a newer program, is `None`.
    pub fn known(&self) -> Result<Option<(FetchedFile, File)>, CacheError> {
        let record = self.directory.join(RECORD);
        let kept = match read_record::<Kept>(&record) {
            Ok(Some(record)) => record.body,
            Ok(None) => return Ok(None),
            Err(error) if error.io_error().is_some() => return Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "a fetched file is not used");
                return Ok(None);
            }
        };
        let Ok(content) = File::open(self.directory.join(CONTENT)) else {
            return Ok(None);
        };
        let is_it = content
            .metadata()
            .is_ok_and(|found| FileIdentity::of(&found) == kept.content);
        if is_it {
            self.cache.mark_used(&record);
        }
        Ok(is_it.then_some((kept.file, content)))
    }

    /// Begins a file that takes the place of what was fetched before.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn begin(&self) -> Result<NewFile, CacheError> {
        Ok(NewFile {
            cache: self.cache.clone(),
            directory: self.directory.clone(),
            replacement: Replacement::begin(&self.directory.join(CONTENT))?,
        })
    }
}

impl NewFile {
    /// Where its bytes go.
    #[must_use]
    pub fn file(&self) -> &File {
        self.replacement.file()
    }

    /// Keeps it; the file, open for reading.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn keep(self, file: FetchedFile) -> Result<File, CacheError> {
        let path = self.directory.join(CONTENT);
        self.replacement.commit()?;
        let failed = |source| CacheError::file("read", &path, source);
        let content = File::open(&path).map_err(failed)?;
        let identity = FileIdentity::of(&content.metadata().map_err(failed)?);
        let kept = Kept {
            file,
            content: identity,
        };
        let record = self.directory.join(RECORD);
        write_record(&record, &Record::new(kept))?;
        self.cache.mark_used(&record);
        self.cache.mark_grown();
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    fn fetched(url: &str) -> FetchedFile {
        FetchedFile {
            url: url.to_owned(),
            digest: Digest::Sha256([7; 32]),
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            is_settled: false,
        }
    }

    #[tokio::test]
    async fn a_file_is_found_again_until_somebody_changes_it() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let claim = cache.claim_fetch("http://a/x", || {}).await.unwrap();
        assert!(claim.known().unwrap().is_none());
        let new = claim.begin().unwrap();
        new.file().write_all(b"content").unwrap();
        new.keep(fetched("http://a/x")).unwrap();
        let (file, mut content) = claim.known().unwrap().unwrap();
        assert_eq!(file, fetched("http://a/x"));
        let mut text = String::new();
        content.read_to_string(&mut text).unwrap();
        assert_eq!(text, "content");
        // A file that was given up changes nothing.
        claim.begin().unwrap().file().write_all(b"half").unwrap();
        assert!(claim.known().unwrap().is_some());
        std::fs::write(claim.directory.join(CONTENT), "other bytes").unwrap();
        assert!(claim.known().unwrap().is_none());
    }

    #[tokio::test]
    async fn one_fetches_what_several_want() {
        let root = tempfile::tempdir().unwrap();
        let cache = BuildCache::at(root.path());
        let held = cache.claim_fetch("http://a/x", || {}).await.unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = tokio::spawn(async move {
            let claim = cache.claim_fetch("http://a/x", || tell.send(()).unwrap()).await;
            claim.unwrap().known().unwrap().map(|(file, _)| file)
        });
        while told.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        held.begin().unwrap().keep(fetched("http://a/x")).unwrap();
        drop(held);
        assert_eq!(waiting.await.unwrap(), Some(fetched("http://a/x")));
    }
}
