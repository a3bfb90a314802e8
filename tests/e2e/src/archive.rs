//! OCI archives made by the tests, so that images can have any fault.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use container_fixtures::{Member, Members};

use crate::{cache, guest_architecture};

/// Name of the image that every home has.
pub const BUSYBOX: &str = "localhost/busybox:latest";

/// A layer while it is being made.
#[derive(Default)]
pub struct Layer {
    tar: Members,
}

impl Layer {
    /// Adds a directory.
    ///
    /// # Panics
    /// When the path is too long.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.entry(path, b'5', mode, None, &[])
    }

    /// Adds a file.
    ///
    /// # Panics
    /// When the path is too long.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, bytes: &[u8]) -> Self {
        self.entry(path, b'0', mode, None, bytes)
    }

    /// Adds a symbolic link.
    ///
    /// # Panics
    /// When a path is too long.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.entry(path, b'2', 0o777, Some(target), &[])
    }

    /// The tar archive.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.tar.end()
    }

    fn entry(mut self, path: &str, kind: u8, mode: u32, link: Option<&str>, bytes: &[u8]) -> Self {
        let is_short = path.len() <= 100 && link.is_none_or(|target| target.len() <= 100);
        assert!(is_short, "{path} does not fit a header");
        let member = Member {
            mode,
            modified: 0,
            link: link.unwrap_or_default().as_bytes(),
            ..Member::default()
        };
        self.tar.plain(path.as_bytes(), kind, &member, bytes);
        self
    }
}

/// An image with one layer or several.
pub struct Image {
    name: String,
    layers: Vec<Vec<u8>>,
    config: Value,
    damaged: bool,
}

impl Image {
    /// An image without a program of its own.
    ///
    /// # Panics
    /// Never with a complete layer.
    #[must_use]
    pub fn new(name: &str, layer: Layer) -> Self {
        Self::from_tar(name, layer.into_bytes())
    }

    /// An image whose layer is a tar archive made elsewhere.
    #[must_use]
    pub fn from_tar(name: &str, layer: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            layers: vec![layer],
            config: json!({}),
            damaged: false,
        }
    }

    /// The busybox image under a name of its own, for more layers.
    #[must_use]
    pub fn busybox(name: &str) -> Self {
        Self::new(name, busybox_layer()).config(json!({"Env": ["PATH=/bin"], "Cmd": ["sh"]}))
    }

    /// Puts one more layer on top, a tar archive.
    #[must_use]
    pub fn layer(mut self, tar: Vec<u8>) -> Self {
        self.layers.push(tar);
        self
    }

    /// Sets what the image says about its process, in the keys of the OCI configuration.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Flips a byte of the topmost layer after its digest was taken.
    #[must_use]
    pub fn damaged(mut self) -> Self {
        self.damaged = true;
        self
    }

    /// Writes the image as an OCI archive.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(mut self, path: &Path) {
        let architecture = guest_architecture();
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| describe("application/vnd.oci.image.layer.v1.tar", layer))
            .collect();
        let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
        let config = serde_json::to_vec(&json!({
            "architecture": architecture, "os": "linux", "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }))
        .unwrap();
        let config_descriptor = describe("application/vnd.oci.image.config.v1+json", &config);
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config_descriptor, "layers": layers,
        }))
        .unwrap();
        let mut manifest_descriptor = describe("application/vnd.oci.image.manifest.v1+json", &manifest);
        manifest_descriptor["annotations"] = json!({"io.containerd.image.name": self.name});
        let index = json!({"schemaVersion": 2, "manifests": [manifest_descriptor]});
        if self.damaged {
            let top = self.layers.last_mut().unwrap();
            let middle = top.len() / 2;
            top[middle] ^= 1;
        }
        let mut archive = Layer::default()
            .file("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)
            .file("index.json", 0o644, &serde_json::to_vec(&index).unwrap())
            .file(&blob(&manifest_descriptor), 0o644, &manifest)
            .file(&blob(&config_descriptor), 0o644, &config);
        for (descriptor, layer) in layers.iter().zip(&self.layers) {
            archive = archive.file(&blob(descriptor), 0o644, layer);
        }
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
        file.write_all(&archive.into_bytes()).unwrap();
        file.persist(path).unwrap();
    }
}

pub(crate) fn describe(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{}", hex(&Sha256::digest(bytes))), "size": bytes.len()})
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn blob(descriptor: &Value) -> String {
    let digest = descriptor["digest"].as_str().unwrap();
    format!("blobs/{}", digest.replace(':', "/"))
}

/// Names the busybox of guests whose programs do not run on the host. A file beside it, with `.applets` at the end of its name, has the names of its
/// programs.
const BUSYBOX_VARIABLE: &str = "E2E_BUSYBOX";

/// The guests' busybox, which has to be static.
pub(crate) fn busybox_program() -> PathBuf {
    std::env::var_os(BUSYBOX_VARIABLE).map_or_else(host_busybox, PathBuf::from)
}

/// The names under which the guests' busybox can be called, one in each line.
fn busybox_names(program: &Path) -> String {
    if std::env::var_os(BUSYBOX_VARIABLE).is_some() {
        let list = program.with_extension("applets");
        return fs::read_to_string(list).expect("the names of the busybox are beside it");
    }
    let names = std::process::Command::new(program).arg("--list").output();
    String::from_utf8_lossy(&names.expect("busybox runs").stdout).into_owned()
}

fn host_busybox() -> PathBuf {
    let found = ["/bin/busybox", "/usr/bin/busybox"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    found.expect("busybox is needed: apt-get install busybox-static")
}

/// A layer with busybox under all of its names, and what a root file system needs besides.
///
/// # Panics
/// When there is no busybox.
#[must_use]
pub fn busybox_layer() -> Layer {
    let program = busybox_program();
    let names = busybox_names(&program);
    let mut layer = Layer::default();
    for directory in ["bin", "etc", "root", "home", "var", "usr"] {
        layer = layer.directory(directory, 0o755);
    }
    layer = layer
        .directory("tmp", 0o1777)
        .file("bin/busybox", 0o755, &fs::read(program).unwrap())
        .file(
            "etc/passwd",
            0o644,
            b"root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home:/bin/sh\n",
        )
        .file("etc/group", 0o644, b"root:x:0:\nusers:x:100:alice\nalice:x:1000:\n")
        .file("etc/not-executable", 0o644, b"#!/bin/sh\n");
    for name in names.lines().filter(|name| *name != "busybox") {
        layer = layer.link(&format!("bin/{name}"), "busybox");
    }
    layer
}

/// The archive of the busybox image, made once.
pub(crate) fn busybox() -> PathBuf {
    let name = format!("busybox-{}.tar", cache::stamp(&busybox_program()));
    let path = cache::directory().join(&name);
    cache::text(&format!("{name}.made"), || {
        Image::new(BUSYBOX, busybox_layer())
            .config(json!({"Env": ["PATH=/bin", "FROM_IMAGE=yes"], "Cmd": ["sh"]}))
            .write(&path);
        String::new()
    });
    path
}
