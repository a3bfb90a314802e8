//! The build cache outside the checkout: kernels and kernel sources survive a fresh clone.

use anyhow::{Context, Result};
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// `$CONTAINER_CACHE`, else `$XDG_CACHE_HOME/container-build`, else `~/.cache/container-build`.
///
/// # Errors
/// When neither variable nor `HOME` is set.
pub(crate) fn directory() -> Result<PathBuf> {
    if let Some(directory) = env::var_os("CONTAINER_CACHE").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(directory));
    }
    if let Some(directory) = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(directory).join("container-build"));
    }
    let home = env::var_os("HOME").context("no cache directory: set CONTAINER_CACHE or HOME")?;
    Ok(PathBuf::from(home).join(".cache/container-build"))
}

/// Holds an exclusive lock on `<directory>/lock`, waiting for another build to finish, for as long as the result lives.
///
/// # Errors
/// When the directory or the lock file cannot be created or locked.
pub(crate) fn lock(directory: &Path) -> Result<File> {
    fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let path = directory.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!("xtask: waiting for another build that holds {}", path.display());
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}
