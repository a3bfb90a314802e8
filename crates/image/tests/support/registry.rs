//! Debian's docker-registry on a free port of 127.0.0.1, and skopeo as the counterpart.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Registry {
    child: Child,
    pub(crate) address: String,
    _root: tempfile::TempDir,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let config = root.path().join("registry.yml");
        let blobs = root.path().join("blobs");
        let text = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: \
             {}}}\n  maintenance: {{uploadpurging: {{enabled: false}}}}\nhttp: {{addr: \"{address}\"}}\n",
            blobs.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry (Debian package docker-registry) must be installed");
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "docker-registry did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            address,
            _root: root,
        }
    }

    /// Pushes the image of an OCI archive.
    pub(crate) fn push(&self, archive: &Path, name: &str, extra: &[&str]) {
        let source = format!("oci-archive:{}", archive.display());
        self.skopeo(
            &["copy", "--dest-tls-verify=false"],
            extra,
            &[&source, &format!("docker://{}/{name}", self.address)],
        );
    }

    fn skopeo(&self, first: &[&str], extra: &[&str], last: &[&str]) {
        let output = Command::new("skopeo")
            .arg("--insecure-policy")
            .args(first)
            .args(extra)
            .args(last)
            .output()
            .expect("skopeo (Debian package skopeo) must be installed");
        assert!(
            output.status.success(),
            "skopeo: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
