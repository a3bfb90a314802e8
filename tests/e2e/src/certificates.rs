//! A certificate authority of a test's own, and a server certificate by it, made with openssl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Sections for the authority and for what it signs (openssl's x509v3_config(5)). The machine's own openssl.cnf does not matter.
const CONFIGURATION: &str = "[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

/// An authority that no system trusts, and a certificate by it for a server on the loopback interface.
pub(crate) struct Certificates {
    directory: TempDir,
}

impl Certificates {
    /// Makes both.
    ///
    /// # Panics
    /// When openssl is missing or fails.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("cc-").tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("openssl.cnf"), CONFIGURATION).unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config openssl.cnf";
        openssl(
            path,
            &format!(
                "req -x509 {key} -extensions authority -days 30 -subj /CN=Nobody -keyout authority.key -out authority.pem"
            ),
        );
        openssl(
            path,
            &format!("req -new {key} -subj /CN=registry -keyout server.key -out server.csr"),
        );
        openssl(
            path,
            "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 30 -extfile openssl.cnf -extensions server -out server.pem",
        );
        Self { directory }
    }

    /// The authority's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// The server's certificate.
    pub(crate) fn server(&self) -> PathBuf {
        self.directory.path().join("server.pem")
    }

    /// The server's key.
    pub(crate) fn server_key(&self) -> PathBuf {
        self.directory.path().join("server.key")
    }
}

fn openssl(directory: &Path, words: &str) {
    let output = Command::new("openssl")
        .args(words.split(' '))
        .current_dir(directory)
        .output()
        .expect("openssl is needed: apt-get install openssl");
    assert!(
        output.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
