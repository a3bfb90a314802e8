//! A real registry on the loopback interface: Debian's docker-registry, open to all or with a password, with or without TLS.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use container_fixtures::listening_address;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::{Access, COMMAND_LIMIT, PASSWORD, Skopeo, USER, eventually};

/// A running registry; it is stopped when this value is dropped.
pub struct Registry {
    address: String,
    access: Access,
    certificates: Option<Certificates>,
    child: Child,
    directory: TempDir,
}

impl Registry {
    /// Starts an empty registry that is open to all.
    ///
    /// # Panics
    /// When docker-registry is not installed or does not answer.
    #[must_use]
    pub fn start() -> Self {
        Self::with(Access::default())
    }

    /// Starts an empty registry.
    ///
    /// # Panics
    /// When docker-registry, htpasswd or openssl is not installed, or the registry does not answer.
    #[must_use]
    pub fn with(access: Access) -> Self {
        let directory = tempfile::Builder::new().prefix("cr-").tempdir().unwrap();
        let certificates = access.tls.then(Certificates::new);
        // JSON is YAML, and its quoting is known.
        let mut configuration = json!({
            "version": 0.1,
            "storage": {
                "filesystem": { "rootdirectory": directory.path().join("data") },
                "maintenance": { "uploadpurging": { "enabled": false } },
            },
            // It chooses the port itself: one that was found free before may be another test's by then.
            "http": { "addr": "127.0.0.1:0" },
        });
        if let Some(certificates) = &certificates {
            configuration["http"]["tls"] =
                json!({ "certificate": certificates.server(), "key": certificates.server_key() });
        }
        if access.password {
            configuration["auth"] = password_file(directory.path());
        }
        let file = directory.path().join("config.yml");
        fs::write(&file, configuration.to_string()).unwrap();
        let log = directory.path().join("log");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .expect("docker-registry is needed: apt-get install docker-registry");
        let mut registry = Self {
            address: String::new(),
            access,
            certificates,
            child,
            directory,
        };
        eventually("the registry listens", COMMAND_LIMIT, || {
            registry.address = listening_address(&fs::read_to_string(&log).unwrap()).unwrap_or_default();
            !registry.address.is_empty()
        });
        registry
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name of an image in this registry.
    #[must_use]
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// The certificate of the authority that signed this registry's certificate.
    ///
    /// # Panics
    /// When it has no TLS.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.certificates.as_ref().expect("a registry with TLS").authority()
    }

    /// skopeo with the options that this registry requires.
    #[must_use]
    pub fn skopeo(&self) -> Skopeo<'_> {
        Skopeo::new(self.directory.path(), self.access)
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
        self.push_from(&format!("oci:{}", layout.path().display()), repository);
    }

    /// Puts an image there with skopeo, whole: `source` is in skopeo's notation.
    ///
    /// # Panics
    /// When skopeo fails.
    pub fn push_from(&self, source: &str, repository: &str) {
        self.skopeo()
            .copy(source, &format!("docker://{}", self.name(repository)));
    }

    /// The manifest or index behind a tag, byte by byte.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn manifest(&self, repository: &str) -> Vec<u8> {
        self.skopeo().raw(&format!("docker://{}", self.name(repository)))
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

/// Writes the only user's password, hashed the one way that docker-registry takes, and gives the part of the configuration that names it.
fn password_file(directory: &Path) -> Value {
    let output = Command::new("htpasswd")
        .args(["-B", "-b", "-n", USER, PASSWORD])
        .output()
        .expect("htpasswd is needed: apt-get install apache2-utils");
    assert!(
        output.status.success(),
        "htpasswd: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let path = directory.join("htpasswd");
    fs::write(&path, output.stdout).unwrap();
    json!({ "htpasswd": { "realm": "e2e", "path": path } })
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
