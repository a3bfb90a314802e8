//! Files that are made once and used by all test processes of one user.

use std::fs::{self, File};
use std::path::PathBuf;

/// Directory for things made once: the one that the test runner removes at the end, else one in the temporary directory. Short, because the length
/// of socket paths is limited.
pub(crate) fn directory() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    let directory = std::env::var_os("E2E_CACHE").map_or_else(
        || std::env::temp_dir().join(format!("container-e2e-{user}")),
        PathBuf::from,
    );
    fs::create_dir_all(&directory).expect("the cache directory can be made");
    directory
}

/// The result of `make`, which the first process that asks for this name calls.
pub(crate) fn text(name: &str, make: impl FnOnce() -> String) -> String {
    let directory = directory();
    let path = directory.join(name);
    let lock = File::create(directory.join(format!("{name}.lock"))).expect("the lock file can be made");
    lock.lock().expect("the lock can be taken");
    if let Ok(text) = fs::read_to_string(&path) {
        return text;
    }
    let text = make();
    fs::write(&path, &text).expect("the cache can be written");
    text
}

/// Part of a name that changes whenever a file does.
pub(crate) fn stamp(path: &std::path::Path) -> String {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let modified = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{}-{}", metadata.len(), modified.map_or(0, |since| since.as_millis()))
}
