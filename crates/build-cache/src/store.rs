//! The records on the disk.
//!
//! `build-cache/steps/<key>.json` is the record of a step; the time of the file is when it was used last. `build-cache/locks/<key>.lock` is there while a
//! build does the step.

use std::fs::{File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use container_durable::{Record, create_private_dir, read_record, write_record};

use crate::claim::{self, StepClaim};
use crate::{CacheError, CacheKey, CachedStep};

/// Below the app root.
const DIRECTORY: &str = "build-cache";
const EXTENSION: &str = "json";

/// The steps that builds have done. Cheap to open and to clone; any number of processes may have it open.
#[derive(Debug, Clone)]
pub struct BuildCache {
    dir: PathBuf,
    /// When whatever is used through this counts as used: what one build uses is used at one time.
    opened: SystemTime,
    has_grown: Arc<AtomicBool>,
}

/// What is known of a step.
#[derive(Debug)]
pub enum Found {
    /// It was done, and the caller finds the layer still there.
    Done(Box<CachedStep>),
    /// The caller has to do it.
    Claimed(StepClaim),
}

/// A step and its key.
#[derive(Debug, Clone)]
pub struct StoredStep {
    /// The key.
    pub key: CacheKey,
    /// What was kept of it.
    pub step: CachedStep,
    /// When it was made or found last, where the file system tells.
    pub last_used: Option<SystemTime>,
}

impl BuildCache {
    /// The cache below `app_root`; nothing is made until something is stored.
    #[must_use]
    pub fn at(app_root: &Path) -> Self {
        Self {
            dir: app_root.join(DIRECTORY),
            opened: SystemTime::now(),
            has_grown: Arc::default(),
        }
    }

    /// Whether something was stored through this or a clone of it.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.has_grown.load(Ordering::Relaxed)
    }

    /// The step with this key, if it was done; it counts as used now.
    ///
    /// # Errors
    /// [`CacheError`] when a record that is there cannot be read. One that is damaged or of a newer program is `None`.
    pub fn find(&self, key: &CacheKey) -> Result<Option<CachedStep>, CacheError> {
        let path = self.record(key);
        let found = read(&path)?;
        if found.is_some() {
            self.mark_used(&path);
        }
        Ok(found)
    }

    /// Finds the step, where `is_usable` finds its layer in the store, or claims it. While another build does the step this waits, and `on_wait` is called once.
    ///
    /// # Errors
    /// [`CacheError`]
    pub async fn find_or_claim<E: From<CacheError>>(
        &self,
        key: &CacheKey,
        is_usable: impl AsyncFn(&CachedStep) -> Result<bool, E>,
        on_wait: impl FnOnce(),
    ) -> Result<Found, E> {
        if let Some(step) = self.find(key)?
            && is_usable(&step).await?
        {
            return Ok(Found::Done(Box::new(step)));
        }
        create_private_dir(&self.locks()).map_err(CacheError::from)?;
        let claim = claim::claim(&self.locks().join(format!("{key}.lock")), on_wait).await?;
        match self.find(key)? {
            Some(step) if is_usable(&step).await? => Ok(Found::Done(Box::new(step))),
            _ => Ok(Found::Claimed(claim)),
        }
    }

    /// Keeps a step that was done. Its layer has to be kept from being collected until this returns.
    ///
    /// # Errors
    /// [`CacheError`]; the record that was there before is then as it was.
    pub fn store(&self, key: &CacheKey, step: CachedStep) -> Result<(), CacheError> {
        create_private_dir(&self.steps_dir())?;
        let path = self.record(key);
        write_record(&path, &Record::new(step))?;
        self.mark_used(&path);
        self.mark_grown();
        Ok(())
    }

    /// All steps. Damaged records are not among them.
    ///
    /// # Errors
    /// [`CacheError`]
    pub fn steps(&self) -> Result<Vec<StoredStep>, CacheError> {
        let dir = self.steps_dir();
        let failed = |source| CacheError::file("read", &dir, source);
        let files = match std::fs::read_dir(&dir) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut steps = Vec::new();
        for file in files {
            let path = file.map_err(failed)?.path();
            if let Some(key) = key_of(&path)
                && let Some(step) = read(&path)?
            {
                let last_used = std::fs::metadata(&path).and_then(|found| found.modified()).ok();
                steps.push(StoredStep { key, step, last_used });
            }
        }
        steps.sort_by_key(|stored| stored.key);
        Ok(steps)
    }

    /// Forgets a step. Its layer is collected with the next garbage.
    ///
    /// # Errors
    /// [`CacheError::File`]
    pub fn forget(&self, key: &CacheKey) -> Result<(), CacheError> {
        let path = self.record(key);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::file("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Something was stored.
    pub(crate) fn mark_grown(&self) {
        self.has_grown.store(true, Ordering::Relaxed);
    }

    /// That the time cannot be set only makes the thing look older than it is.
    pub(crate) fn mark_used(&self, path: &Path) {
        let times = FileTimes::new().set_modified(self.opened);
        if let Err(error) = File::open(path).and_then(|file| file.set_times(times)) {
            tracing::debug!(%error, path = %path.display(), "cannot set when something in the cache was used");
        }
    }

    fn steps_dir(&self) -> PathBuf {
        self.dir.join("steps")
    }

    pub(crate) fn mounts_dir(&self) -> PathBuf {
        self.dir.join("mounts")
    }

    pub(crate) fn files_dir(&self) -> PathBuf {
        self.dir.join("files")
    }

    pub(crate) fn trees_dir(&self) -> PathBuf {
        self.dir.join("trees")
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.dir.join("locks")
    }

    fn record(&self, key: &CacheKey) -> PathBuf {
        self.steps_dir().join(format!("{key}.{EXTENSION}"))
    }
}

fn read(path: &Path) -> Result<Option<CachedStep>, CacheError> {
    match read_record::<CachedStep>(path) {
        Ok(record) => Ok(record.map(|record| record.body)),
        Err(error) if error.io_error().is_some() => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "a cached step is not used");
            Ok(None)
        }
    }
}

fn key_of(path: &Path) -> Option<CacheKey> {
    let is_record = path.extension()?.to_str()? == EXTENSION;
    CacheKey::from_hex(path.file_stem()?.to_str()?).filter(|_| is_record)
}

#[cfg(test)]
mod tests;
