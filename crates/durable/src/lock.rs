//! Locks that live exactly as long as their owner.
//!
//! A lock is the kernel's lock on an open file (`flock`), so it ends with the process however that ends; a pid in a file
//! would not. The lock is advisory: it keeps out only processes that ask for it. A lock file may be removed by its holder; a process that
//! was waiting for the removed file notices and takes the lock on the file that has the name by then.
//!
//! The same call means the same on Linux and macOS: the lock belongs to the open file, so that two opens in one process exclude each
//! other and a duplicate shares it. Only files made for it are locked, and temporary files of [`crate::replace`]; never the image of a disk:
//! Virtualization.framework and QEMU lock images themselves, and a lock of ours on one would keep the machine from starting.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest pause between two looks at a lock that is taken.
const POLL_LIMIT: Duration = Duration::from_millis(50);

/// Whether others may hold the lock at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Together with other shared holders.
    Shared,
    /// Alone.
    Exclusive,
}

/// Why a lock could not be asked for. That another process holds it is not an error.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock {}: {source}", path.display())]
pub struct LockError {
    /// The lock file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A lock on the file at a path, held until dropped or until the process ends.
///
/// The file is opened close-on-exec, so a child process does not inherit the lock.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Waits for the lock without a limit; makes the file (mode 0600) when it is not there.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be opened or the file system has no locks.
    pub fn acquire(path: &Path, mode: LockMode) -> Result<Self, LockError> {
        loop {
            let file = open_or_create(path).map_err(|source| error(path, source))?;
            let locked = match mode {
                LockMode::Shared => file.lock_shared(),
                LockMode::Exclusive => file.lock(),
            };
            match locked {
                Ok(()) => {}
                Err(source) if source.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(error(path, source)),
            }
            if still_named(&file, path).map_err(|source| error(path, source))? {
                return Ok(Self {
                    file,
                    path: path.to_owned(),
                });
            }
        }
    }

    /// Takes the lock if it is free now; `None` when it is held.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be opened or the file system has no locks.
    pub fn try_acquire(path: &Path, mode: LockMode) -> Result<Option<Self>, LockError> {
        loop {
            let file = open_or_create(path).map_err(|source| error(path, source))?;
            if !try_lock(&file, mode).map_err(|source| error(path, source))? {
                return Ok(None);
            }
            if still_named(&file, path).map_err(|source| error(path, source))? {
                return Ok(Some(Self {
                    file,
                    path: path.to_owned(),
                }));
            }
        }
    }

    /// Like [`FileLock::try_acquire`], but a file that is not there is `None` and stays away.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be opened or the file system has no locks.
    pub fn try_acquire_existing(path: &Path, mode: LockMode) -> Result<Option<Self>, LockError> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(error(path, source)),
        };
        let taken = try_lock(&file, mode).and_then(|locked| Ok(locked && still_named(&file, path)?));
        match taken {
            Ok(true) => Ok(Some(Self {
                file,
                path: path.to_owned(),
            })),
            Ok(false) => Ok(None),
            Err(source) => Err(error(path, source)),
        }
    }

    /// Waits for the lock for at most `limit`; `None` when it was not free in that time.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be opened or the file system has no locks.
    pub fn acquire_within(path: &Path, mode: LockMode, limit: Duration) -> Result<Option<Self>, LockError> {
        poll(limit, || Self::try_acquire(path, mode))
    }

    /// Like [`FileLock::acquire_within`], but a file that is not there, or goes while it is waited for, is `None` at once and stays away.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be opened or the file system has no locks.
    pub fn acquire_existing_within(path: &Path, mode: LockMode, limit: Duration) -> Result<Option<Self>, LockError> {
        let found = poll(limit, || match Self::try_acquire_existing(path, mode)? {
            None if path.exists() => Ok(None),
            taken => Ok(Some(taken)),
        });
        Ok(found?.flatten())
    }

    /// The locked file, open for reading and writing.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the lock file was when the lock was taken.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the lock file and gives up the lock, in this order, so that no two holders can ever meet.
    ///
    /// # Errors
    /// [`LockError`] when the file cannot be removed; the lock is given up all the same.
    pub fn remove(self) -> Result<(), LockError> {
        match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(error(&self.path, source)),
            _ => Ok(()),
        }
    }
}

/// Whether the lock is held exclusively at `path`; `false` when there is no such file.
///
/// The question takes the shared lock for an instant, so a process that wants the exclusive one at that very moment must wait
/// with [`FileLock::acquire`] or [`FileLock::acquire_within`] rather than give up at the first try.
///
/// # Errors
/// [`LockError`] when the file cannot be opened or the file system has no locks.
pub fn is_held(path: &Path) -> Result<bool, LockError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(error(path, source)),
    };
    try_lock(&file, LockMode::Shared)
        .map(|free| !free)
        .map_err(|source| error(path, source))
}

/// Asks until there is an answer, for at most `limit`.
fn poll<T>(limit: Duration, mut ask: impl FnMut() -> Result<Option<T>, LockError>) -> Result<Option<T>, LockError> {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(POLL_LIMIT);
    }
}

fn error(path: &Path, source: io::Error) -> LockError {
    LockError {
        path: path.to_owned(),
        source,
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn try_lock(file: &File, mode: LockMode) -> io::Result<bool> {
    let tried = match mode {
        LockMode::Shared => file.try_lock_shared(),
        LockMode::Exclusive => file.try_lock(),
    };
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

/// Whether `path` still names the open file; not so when the previous holder removed it.
fn still_named(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let open = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(named) => Ok(named.dev() == open.dev() && named.ino() == open.ino()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn exclusive_lock_shuts_others_out_until_dropped() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        assert!(!is_held(&path).unwrap());
        let lock = FileLock::acquire(&path, LockMode::Exclusive).unwrap();
        assert!(is_held(&path).unwrap());
        assert!(FileLock::try_acquire(&path, LockMode::Exclusive).unwrap().is_none());
        assert!(FileLock::try_acquire(&path, LockMode::Shared).unwrap().is_none());
        drop(lock);
        assert!(!is_held(&path).unwrap());
        assert!(FileLock::try_acquire(&path, LockMode::Exclusive).unwrap().is_some());
    }

    #[test]
    fn shared_locks_go_together() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        let _one = FileLock::acquire(&path, LockMode::Shared).unwrap();
        let _two = FileLock::try_acquire(&path, LockMode::Shared).unwrap().unwrap();
        assert!(!is_held(&path).unwrap());
        assert!(FileLock::try_acquire(&path, LockMode::Exclusive).unwrap().is_none());
    }

    #[test]
    fn waiting_ends_at_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        let _held = FileLock::acquire(&path, LockMode::Exclusive).unwrap();
        let waited = FileLock::acquire_within(&path, LockMode::Exclusive, Duration::from_millis(30)).unwrap();
        assert!(waited.is_none());
    }

    #[test]
    fn a_missing_file_is_not_made_by_asking() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        assert!(
            FileLock::try_acquire_existing(&path, LockMode::Exclusive)
                .unwrap()
                .is_none()
        );
        assert!(!path.exists());
    }

    #[test]
    fn removing_the_file_never_lets_two_holders_in() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let lock = FileLock::acquire(&path, LockMode::Exclusive).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        lock.remove().unwrap();
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
