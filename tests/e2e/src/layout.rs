//! OCI image layouts (image specification 1.1) in a directory, with as many images, platforms and layers as a test wants.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::Layer;
use crate::archive::{blob, describe};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
    /// By zstd.
    Zstd,
}

impl Compression {
    fn media_type(self) -> &'static str {
        match self {
            Self::None => "application/vnd.oci.image.layer.v1.tar",
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }

    fn apply(self, bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::None => bytes,
            Self::Gzip => filter("gzip", &["-n"], bytes),
            Self::Zstd => filter("zstd", &["-q", "-c"], bytes),
        }
    }
}

/// A layout while it is being made.
pub struct Layout {
    directory: PathBuf,
    images: Vec<Value>,
}

impl Layout {
    /// An empty layout in a new directory.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
        fs::write(directory.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self {
            directory: directory.to_owned(),
            images: Vec::new(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The image of this name in skopeo's notation.
    #[must_use]
    pub fn reference(&self, name: &str) -> String {
        format!("oci:{}:{name}", self.directory.display())
    }

    /// Adds a blob; gives its descriptor.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let descriptor = describe(media_type, bytes);
        fs::write(self.directory.join(blob(&descriptor)), bytes).unwrap();
        descriptor
    }

    /// Adds an image for `linux/<architecture>` with these layers, lowest first; gives its descriptor.
    ///
    /// # Panics
    /// When a blob cannot be written or a layer cannot be compressed.
    #[must_use]
    pub fn image(&self, architecture: &str, layers: Vec<(Layer, Compression)>, config: &Value) -> Value {
        let mut diff_ids = Vec::new();
        let mut descriptors = Vec::new();
        for (layer, compression) in layers {
            let tar = layer.into_bytes();
            diff_ids.push(describe("", &tar)["digest"].clone());
            descriptors.push(self.blob(compression.media_type(), &compression.apply(tar)));
        }
        let config = self.document(
            CONFIG,
            &json!({
                "architecture": architecture, "os": "linux", "config": config,
                "rootfs": { "type": "layers", "diff_ids": diff_ids },
            }),
        );
        let mut manifest = self.document(
            MANIFEST,
            &json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors }),
        );
        manifest["platform"] = json!({ "os": "linux", "architecture": architecture });
        manifest
    }

    /// Adds an attestation about an image, as BuildKit attaches it.
    ///
    /// # Panics
    /// When a blob cannot be written.
    #[must_use]
    pub fn attestation(&self, subject: &Value) -> Value {
        let statement = self.blob(IN_TOTO, br#"{"_type":"https://in-toto.io/Statement/v0.1"}"#);
        let config = self.document(
            CONFIG,
            &json!({
                "architecture": "unknown", "os": "unknown", "config": {},
                "rootfs": { "type": "layers", "diff_ids": [statement["digest"]] },
            }),
        );
        let mut manifest = self.document(
            MANIFEST,
            &json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [statement] }),
        );
        manifest["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        manifest["annotations"] = json!({
            "vnd.docker.reference.digest": subject["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        });
        manifest
    }

    /// Adds an index of these manifests; gives its descriptor.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn index(&self, manifests: &[Value]) -> Value {
        self.document(
            INDEX,
            &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }),
        )
    }

    /// Gives an image or index its name in the layout.
    ///
    /// # Panics
    /// When the layout cannot be written.
    pub fn name(&mut self, name: &str, mut descriptor: Value) {
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        self.images.push(descriptor);
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": self.images });
        fs::write(self.directory.join("index.json"), index.to_string()).unwrap();
    }

    fn document(&self, media_type: &str, document: &Value) -> Value {
        self.blob(media_type, document.to_string().as_bytes())
    }
}

/// Bytes that do not compress, the same for equal seeds: xorshift64.
#[must_use]
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn filter(program: &str, arguments: &[&str], bytes: Vec<u8>) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    output.stdout
}
