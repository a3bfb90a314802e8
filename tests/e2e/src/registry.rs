//! A real registry on the loopback interface: Debian's docker-registry.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually;

/// A running registry; it ends with this value.
pub struct Registry {
    address: String,
    child: Child,
    directory: TempDir,
}

impl Registry {
    /// Starts an empty registry.
    ///
    /// # Panics
    /// When docker-registry is not installed or does not answer.
    #[must_use]
    pub fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("cr-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let configuration = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            directory.path().join("data").display()
        );
        let file = directory.path().join("config.yml");
        fs::write(&file, configuration).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is needed: apt-get install docker-registry");
        let registry = Self {
            address,
            child,
            directory,
        };
        eventually("the registry answers", Duration::from_secs(30), || {
            TcpStream::connect(&registry.address).is_ok()
        });
        registry
    }

    /// The name of an image in this registry.
    #[must_use]
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// Puts the image of an OCI archive there with skopeo.
    ///
    /// # Panics
    /// When skopeo fails.
    pub fn push(&self, archive: &Path, repository: &str) {
        // skopeo insists on the owners in an archive, which an ordinary user cannot set; those of a directory do not matter.
        let layout = tempfile::tempdir_in(self.directory.path()).unwrap();
        tar::Archive::new(File::open(archive).unwrap())
            .unpack(layout.path())
            .unwrap();
        let output = Command::new("skopeo")
            .args(["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"])
            .arg(format!("oci:{}", layout.path().display()))
            .arg(format!("docker://{}", self.name(repository)))
            .env("TMPDIR", self.directory.path())
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .output()
            .expect("skopeo is needed: apt-get install skopeo");
        assert!(
            output.status.success(),
            "skopeo: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Changes a byte of every blob at least as large as `minimum_bytes`, as a failing disk would.
    ///
    /// # Panics
    /// When there is none.
    pub fn damage_blobs(&self, minimum_bytes: u64) {
        let damaged = damage(&self.directory.path().join("data"), minimum_bytes);
        assert!(damaged > 0, "there is no blob of {minimum_bytes} bytes");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn damage(directory: &Path, minimum_bytes: u64) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            count += damage(&path, minimum_bytes);
        } else if path.ends_with("data") && path.metadata().unwrap().len() >= minimum_bytes {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
            count += 1;
        }
    }
    count
}
