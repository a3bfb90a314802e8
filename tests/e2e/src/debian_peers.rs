//! Debian with real servers and clients, in an image that is imported once and then shared by the homes of all tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use crate::{COMMAND_LIMIT, Home, Image, Outcome, cache};

/// Names a tar archive of a Debian root file system with the programs that `xtask/src/test/debian_tar.rs` lists.
const TAR_VARIABLE: &str = "E2E_PEERS_TAR";

/// Name of the image.
pub const PEERS: &str = "localhost/peers:1";

/// The archive, where there is one.
fn archive() -> Option<PathBuf> {
    std::env::var_os(TAR_VARIABLE).map(PathBuf::from)
}

/// Is there such a root file system?
#[must_use]
pub fn has_debian_peers() -> bool {
    archive().is_some()
}

/// An app root in which nothing but the image is.
fn imported() -> PathBuf {
    let root = cache::directory().join("peers");
    cache::text("peers.imported", || {
        let home = Home::empty();
        let file = home.file("peers.tar");
        let tar = fs::read(archive().expect("tests ask for the archive first")).unwrap();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        Image::from_tar(PEERS, tar)
            .config(json!({"Env": [path], "Cmd": ["bash"]}))
            .write(&file);
        home.run(["image", "load", "--input", file.to_str().unwrap()]).success();
        fs::remove_file(file).unwrap();
        let _ = fs::remove_dir_all(&root);
        copy(&home.app_root(), &root);
        String::new()
    });
    root
}

/// Copies a tree. Disks and blobs, which never change, get another name instead.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let is_fixed = source.extension().is_some_and(|extension| extension == "ext4")
            || source.parent().is_some_and(|parent| parent.ends_with("blobs/sha256"));
        if source.is_dir() {
            copy(&source, &target);
        } else if is_fixed {
            fs::hard_link(&source, &target).unwrap();
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

impl Home {
    /// A home with the image [`PEERS`]. Tests ask for [`has_debian_peers`] first.
    ///
    /// # Panics
    /// When the image cannot be imported.
    #[must_use]
    pub fn with_debian_peers() -> Self {
        let home = Self::empty();
        copy(&imported(), &home.app_root());
        home
    }

    /// Starts a container of [`PEERS`] that runs a shell script, and waits until a command succeeds in it.
    ///
    /// # Panics
    /// When the command never does, or the container ends.
    #[track_caller]
    pub fn start_peer(&self, name: &str, flags: &[&str], script: &str, is_ready: &str) {
        let words = [&["run", "-d", "--name", name], flags, &[PEERS, "sh", "-c", script]].concat();
        self.run(words).success();
        let end = Instant::now() + COMMAND_LIMIT;
        loop {
            let outcome = self.guest(name, is_ready);
            if outcome.code == 0 {
                return;
            }
            let logs = self.run(["logs", name]);
            assert!(Instant::now() < end, "not ready: {outcome:?}\n{logs:?}");
        }
    }

    /// Runs a shell script in a new container of [`PEERS`].
    #[track_caller]
    pub fn peer(&self, script: &str) -> Outcome {
        self.run(["run", "--rm", PEERS, "sh", "-c", script])
    }
}
