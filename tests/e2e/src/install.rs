//! The installed program under test, and install trees with faults.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The program under test: `CONTAINER_BIN`, else the one that `cargo xtask setup` has made.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    let path = match std::env::var_os("CONTAINER_BIN") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist/bin/container"),
    };
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask setup`, or set CONTAINER_BIN",
        path.display()
    );
    path
}

/// A copy of the install tree in which files can be replaced.
pub struct InstallTree {
    directory: TempDir,
}

impl InstallTree {
    /// The real tree, by links.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn copy() -> Self {
        let directory = tempfile::Builder::new().prefix("ci-").tempdir().unwrap();
        let real = fs::canonicalize(binary()).unwrap();
        let share = real.parent().and_then(Path::parent).unwrap().join("share/container");
        let copy = directory.path().join("share/container");
        fs::create_dir_all(&copy).unwrap();
        for entry in fs::read_dir(share).unwrap() {
            let entry = entry.unwrap();
            symlink(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        Self { directory }
    }

    /// The root, for `CONTAINER_INSTALL_ROOT`.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Replaces every file whose name begins with `prefix`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn with(self, prefix: &str, bytes: &[u8]) -> Self {
        let mut replaced = 0;
        for entry in fs::read_dir(self.root().join("share/container")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                fs::remove_file(entry.path()).unwrap();
                fs::write(entry.path(), bytes).unwrap();
                replaced += 1;
            }
        }
        assert!(replaced > 0, "the install tree has no {prefix}…");
        self
    }
}
