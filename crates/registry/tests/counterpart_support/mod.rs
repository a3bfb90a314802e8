//! Registries that two clients meet at, and images to exchange there.

mod token_registry;

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use container_fixtures::{DockerRegistry, Server};
use container_oci::{
    Descriptor, Digest, ImageConfig, MANIFEST_LIMIT_BYTES, Manifest, MediaType, Platform, ProcessDefaults, media_type,
};
use container_registry::{Access, BlobFile, Fetched, NoCredentials, RegistryClient};
use oci_client::client::{ClientConfig, ClientProtocol, ImageLayer};
use oci_client::secrets::RegistryAuth;

use crate::support::{Logins, PASSWORD, client, logged_in, password};

/// The user `ann` with [`PASSWORD`], for htpasswd authentication.
const USERS: &str = "ann:$2y$05$o/3ZdtWcfnHyQC0u9zAR7uKTp8ZdOeyCOKzJKlBtmZrvDhhMhNyCO\n";
/// The same user for Basic authentication: `ann` and the password in base64.
const BASIC: &str = "Basic YW5uOmh1bnRlcjItc2VjcmV0";

/// Media types of configuration, layers and manifest.
const OCI: [&str; 3] = [
    media_type::OCI_CONFIG,
    media_type::OCI_LAYER_GZIP,
    media_type::OCI_MANIFEST,
];
/// The same in Docker's dialect.
const DOCKER: [&str; 3] = [
    media_type::DOCKER_CONFIG,
    media_type::DOCKER_LAYER_GZIP,
    media_type::DOCKER_MANIFEST,
];

/// A running registry.
pub(crate) struct Registry {
    address: String,
    has_login: bool,
    _running: Running,
}

#[expect(dead_code, reason = "kept so that they go on running")]
enum Running {
    Docker(DockerRegistry),
    Memory(Server),
}

impl Registry {
    /// docker-registry, open to all.
    pub(crate) fn open() -> Self {
        let server = DockerRegistry::start();
        Self {
            address: server.address.clone(),
            has_login: false,
            _running: Running::Docker(server),
        }
    }

    /// docker-registry that wants a password with every request.
    pub(crate) fn with_password() -> Self {
        let server = DockerRegistry::with_users(USERS);
        Self {
            address: server.address.clone(),
            has_login: true,
            _running: Running::Docker(server),
        }
    }

    /// A registry that wants tokens, which a token server gives for a password.
    pub(crate) fn with_tokens() -> Self {
        let server = token_registry::start(BASIC.to_owned());
        Self {
            address: server.address.clone(),
            has_login: true,
            _running: Running::Memory(server),
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Our client for the repository `demo`.
    pub(crate) fn ours(&self, access: Access) -> RegistryClient {
        let registries = if self.has_login {
            logged_in(Logins::with(&self.address, password()))
        } else {
            logged_in(Arc::new(NoCredentials))
        };
        client(&registries, &self.address, access)
    }

    /// The name of an image for `oci-client`.
    pub(crate) fn reference(&self, tag: &str) -> oci_client::Reference {
        format!("{}/demo:{tag}", self.address).parse().unwrap()
    }

    /// The login for `oci-client`.
    pub(crate) fn login(&self) -> RegistryAuth {
        if self.has_login {
            RegistryAuth::Basic("ann".to_owned(), PASSWORD.to_owned())
        } else {
            RegistryAuth::Anonymous
        }
    }

    /// Pushes blobs and manifest of an image with our client.
    pub(crate) async fn push(&self, image: &Image, tag: &str) {
        let ours = self.ours(Access::Push);
        for blob in image.layers.iter().chain([&image.config]) {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(blob).unwrap();
            let content = BlobFile {
                file: Arc::new(file),
                size_bytes: blob.len() as u64,
            };
            ours.upload_blob(&digest(blob), &content, None, drop, drop)
                .await
                .unwrap();
        }
        self.push_document(&image.manifest, image.media_type, tag).await;
    }

    /// Pushes a manifest or index with our client.
    pub(crate) async fn push_document(&self, bytes: &Bytes, media_type: &str, tag: &str) {
        let ours = self.ours(Access::Push);
        ours.put_manifest(tag, &MediaType::from(media_type), bytes.clone(), &digest(bytes))
            .await
            .unwrap();
    }

    /// Pulls a manifest or index with our client.
    pub(crate) async fn pull_document(&self, tag: &str) -> Fetched {
        let ours = self.ours(Access::Pull);
        ours.manifest(tag, "a document", MANIFEST_LIMIT_BYTES).await.unwrap()
    }
}

/// The digest of some bytes, as `oci-client` computes it.
pub(crate) fn digest(bytes: &Bytes) -> Digest {
    let layer = ImageLayer::oci_v1(bytes.clone(), None);
    layer.sha256_digest().parse().unwrap()
}

/// The other client. `architecture` is what it chooses of an index.
pub(crate) fn theirs(architecture: &'static str) -> oci_client::Client {
    // Only the first one in the process is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    oci_client::Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        platform_resolver: Some(Box::new(move |entries| {
            let mut suitable = entries.iter().filter(|entry| {
                let platform = entry.platform.as_ref();
                platform.is_some_and(|platform| platform.architecture.to_string() == architecture)
            });
            suitable.next().map(|entry| entry.digest.clone())
        })),
        ..ClientConfig::default()
    })
}

/// An image, as the bytes that a registry holds.
pub(crate) struct Image {
    pub(crate) config: Bytes,
    pub(crate) layers: Vec<Bytes>,
    pub(crate) manifest: Bytes,
    pub(crate) media_type: &'static str,
}

impl Image {
    /// An image for `linux/<architecture>` with two small layers.
    pub(crate) fn new(architecture: &str) -> Self {
        Self::of(architecture, OCI, 10)
    }

    /// The same, with a second layer that is sent in more than one piece by a client that cuts blobs into 4 MiB.
    pub(crate) fn large(architecture: &str) -> Self {
        Self::of(architecture, OCI, 150_000)
    }

    /// A small image in Docker's dialect.
    pub(crate) fn dockers(architecture: &str) -> Self {
        Self::of(architecture, DOCKER, 10)
    }

    fn of(architecture: &str, [config_type, layer_type, media_type]: [&'static str; 3], repetitions: usize) -> Self {
        // The length of the text divides no size of a piece.
        let second = b"what is neither the same nor random".repeat(repetitions);
        let layers = vec![Bytes::from(format!("a layer for {architecture}")), second.into()];
        let defaults = ProcessDefaults {
            cmd: vec!["sh".to_owned()],
            ..ProcessDefaults::default()
        };
        let platform = Platform::new("linux", architecture, None);
        let config = ImageConfig::new(platform, defaults, layers.iter().map(digest).collect());
        let config = Bytes::from(serde_json::to_vec(&config).unwrap());
        let describe = |media_type, bytes: &Bytes| Descriptor::new(media_type, digest(bytes), bytes.len() as u64);
        let mut manifest = Manifest::new(
            describe(config_type, &config),
            layers.iter().map(|layer| describe(layer_type, layer)).collect(),
        );
        manifest.media_type = Some(MediaType::from(media_type));
        Self {
            config,
            layers,
            manifest: serde_json::to_vec(&manifest).unwrap().into(),
            media_type,
        }
    }

    /// How an index lists the image.
    pub(crate) fn listed(&self, architecture: &str) -> Descriptor {
        Descriptor {
            platform: Some(Platform::new("linux", architecture, None)),
            ..Descriptor::new(self.media_type, digest(&self.manifest), self.manifest.len() as u64)
        }
    }
}
