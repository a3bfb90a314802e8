//! Debian's docker-registry on a free port of 127.0.0.1, and skopeo as the counterpart.

use std::path::{Path, PathBuf};
use std::process::Command;

use container_fixtures::DockerRegistry;

pub(crate) struct Registry {
    server: DockerRegistry,
    pub(crate) address: String,
}

/// The only user of a registry with a login, and the password.
pub(crate) const LOGIN: (&str, &str) = ("ann", "secret");
/// The same for the registry: bcrypt of the password.
const HTPASSWD: &str = "ann:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

impl Registry {
    /// One without a login, in plain http.
    pub(crate) fn start() -> Self {
        Self::of(DockerRegistry::start())
    }

    /// One that wants a login for everything.
    pub(crate) fn with_login() -> Self {
        Self::of(DockerRegistry::with_users(HTPASSWD))
    }

    fn of(server: DockerRegistry) -> Self {
        let address = server.address.clone();
        Self { server, address }
    }

    /// One over https, with a certificate of its own authority: [`Registry::authority`].
    pub(crate) fn with_tls() -> Self {
        let root = tempfile::tempdir().unwrap();
        let certify = |name: &str, arguments: &[&str]| {
            let output = Command::new("openssl")
                .args([
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-days",
                    "2",
                ])
                .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
                .args(arguments)
                .current_dir(root.path())
                .output()
                .expect("openssl must be installed");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        certify("authority", &["-subj", "/CN=authority"]);
        let own = [
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-subj",
            "/CN=registry",
        ];
        let leaf = [
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        certify("registry", &[own.as_slice(), &leaf].concat());
        Self::of(DockerRegistry::with_tls(root))
    }

    /// The certificate of the authority of a registry with TLS.
    pub(crate) fn authority(&self) -> PathBuf {
        self.server.directory().join("authority.pem")
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

    /// Digest of what a name points at, as skopeo sees it.
    pub(crate) fn digest(&self, name: &str, extra: &[&str]) -> String {
        let image = format!("docker://{}/{name}", self.address);
        let raw = self.skopeo(&["inspect", "--raw", "--tls-verify=false"], extra, &[&image]);
        super::platforms::sha256(&raw).to_string()
    }

    /// Reads all layers of an image, which checks their digests.
    pub(crate) fn copy_out(&self, name: &str, extra: &[&str], to: &Path) {
        let image = format!("docker://{}/{name}", self.address);
        let target = format!("oci:{}:copy", to.display());
        self.skopeo(&["copy", "--src-tls-verify=false"], extra, &[&image, &target]);
    }

    fn skopeo(&self, first: &[&str], extra: &[&str], last: &[&str]) -> Vec<u8> {
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
        output.stdout
    }
}
