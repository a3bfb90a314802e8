//! Our client against `oci-client`, an independent one: what one pushes, the other pulls.
//!
//! Every test runs against docker-registry without and with a password, and against a registry with tokens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod counterpart_support;
mod support;

use std::collections::BTreeSet;

use bytes::Bytes;
use container_oci::{Digest, Document, ImageConfig, Index, MANIFEST_LIMIT_BYTES, Platform, Tree, media_type};
use container_registry::{Access, Credential, RegistryError, Secret};
use counterpart_support::{Image, Registry, digest, theirs};
use futures_util::StreamExt as _;
use oci_client::client::{BlobResponse, Config, ImageLayer};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::OciImageIndex;
use oci_client::secrets::RegistryAuth;
use support::{Logins, blob, client, logged_in};

const DOCUMENTS: [&str; 3] = [
    media_type::OCI_MANIFEST,
    media_type::OCI_INDEX,
    media_type::DOCKER_MANIFEST,
];
const LAYERS: [&str; 2] = [media_type::OCI_LAYER_GZIP, media_type::DOCKER_LAYER_GZIP];

/// Makes a test of each function and each registry.
macro_rules! at_every_registry {
    ($($body:ident)*) => {
        at_every_registry!(open, Registry::open, true, $($body)*);
        at_every_registry!(with_password, Registry::with_password, true, $($body)*);
        at_every_registry!(with_tokens, Registry::with_tokens, false, $($body)*);
    };
    ($module:ident, $registry:path, $needs_program:literal, $($body:ident)*) => {
        mod $module {
            use super::Registry;

            $(#[tokio::test]
            async fn $body() {
                let is_there = !$needs_program || container_require::is_installed("docker-registry");
                container_require::require!(is_there, "docker-registry");
                super::$body(&$registry()).await;
            })*
        }
    };
}

at_every_registry! {
    what_we_push_oci_client_pulls
    what_oci_client_pushes_we_pull
    dockers_dialect_arrives_unchanged
    both_choose_the_same_images_of_our_index
    the_index_of_oci_client_means_the_same_to_us
    a_part_of_a_blob_is_the_same_for_both
}

fn digests<'a>(blobs: impl IntoIterator<Item = &'a Bytes>) -> BTreeSet<Digest> {
    blobs.into_iter().map(digest).collect()
}

async fn what_we_push_oci_client_pulls(registry: &Registry) {
    let image = Image::large("amd64");
    registry.push(&image, "1").await;
    let (reference, login) = (registry.reference("1"), registry.login());
    let pulled = theirs("amd64").pull(&reference, &login, LAYERS.to_vec()).await.unwrap();
    assert_eq!(pulled.digest.unwrap(), digest(&image.manifest).to_string());
    assert_eq!(pulled.config.data, image.config);
    assert_eq!(pulled.config.media_type, media_type::OCI_CONFIG);
    assert_eq!(
        digests(pulled.layers.iter().map(|layer| &layer.data)),
        digests(&image.layers)
    );
    let ours: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
    assert_eq!(serde_json::to_value(pulled.manifest.unwrap()).unwrap(), ours);
}

async fn what_oci_client_pushes_we_pull(registry: &Registry) {
    let image = Image::large("amd64");
    let layers: Vec<ImageLayer> = image
        .layers
        .iter()
        .map(|layer| ImageLayer::oci_v1_gzip(layer.clone(), None))
        .collect();
    let config = Config::oci_v1(image.config.clone(), None);
    let (reference, login) = (registry.reference("1"), registry.login());
    let other = theirs("amd64");
    other.push(&reference, &layers, config, &login, None).await.unwrap();

    let fetched = registry.pull_document("1").await;
    let document = Document::parse(&fetched.bytes, fetched.media_type.as_ref()).unwrap();
    assert!(
        fetched
            .claimed_digest
            .is_none_or(|claimed| claimed == digest(&fetched.bytes))
    );
    let manifest = document.into_manifest().unwrap();
    assert_eq!(manifest.config.media_type.as_ref(), media_type::OCI_CONFIG);
    let ours = registry.ours(Access::Pull);
    let config = blob(&ours, &manifest.config.digest).await.unwrap();
    assert_eq!(config, image.config);
    assert_eq!(ImageConfig::parse(&config).unwrap().platform.to_string(), "linux/amd64");
    for (layer, sent) in manifest.layers.iter().zip(&image.layers) {
        assert_eq!((layer.digest, layer.size_bytes), (digest(sent), sent.len() as u64));
        assert_eq!(&blob(&ours, &layer.digest).await.unwrap(), sent);
    }
    assert_eq!(manifest.layers.len(), image.layers.len());
}

async fn dockers_dialect_arrives_unchanged(registry: &Registry) {
    let image = Image::dockers("amd64");
    registry.push(&image, "1").await;
    let (reference, login, other) = (registry.reference("1"), registry.login(), theirs("amd64"));
    let (bytes, hash) = other.pull_manifest_raw(&reference, &login, &DOCUMENTS).await.unwrap();
    assert_eq!(
        (bytes, hash),
        (image.manifest.clone(), digest(&image.manifest).to_string())
    );
    let pulled = other.pull(&reference, &login, LAYERS.to_vec()).await.unwrap();
    assert_eq!(pulled.config.media_type, media_type::DOCKER_CONFIG);
    assert_eq!(
        digests(pulled.layers.iter().map(|layer| &layer.data)),
        digests(&image.layers)
    );
}

/// Pushes an image for each of two architectures with our client, by digest, and returns the index of both.
async fn push_two(registry: &Registry) -> Index {
    let mut listed = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let image = Image::new(architecture);
        registry.push(&image, &digest(&image.manifest).to_string()).await;
        listed.push(image.listed(architecture));
    }
    Index::new(listed)
}

/// What each client chooses for an architecture, ours first.
async fn choices(registry: &Registry, architecture: &'static str) -> (String, String) {
    let fetched = registry.pull_document("1").await;
    let index = Document::parse(&fetched.bytes, fetched.media_type.as_ref()).unwrap();
    let index = index.into_index().unwrap();
    let root = container_oci::Descriptor::new(
        media_type::OCI_INDEX,
        digest(&fetched.bytes),
        fetched.bytes.len() as u64,
    );
    let tree = Tree::new(root, Some(&index));
    let platform = Platform::new("linux", architecture, None);
    let (chosen, _) = tree.select(&platform).unwrap();
    let (reference, login) = (registry.reference("1"), registry.login());
    let (_, theirs) = theirs(architecture)
        .pull_image_manifest(&reference, &login)
        .await
        .unwrap();
    (chosen.descriptor.digest.to_string(), theirs)
}

async fn both_choose_the_same_images_of_our_index(registry: &Registry) {
    let index = push_two(registry).await;
    let bytes = serde_json::to_vec(&index).unwrap().into();
    registry.push_document(&bytes, media_type::OCI_INDEX, "1").await;
    for (architecture, listed) in [("amd64", &index.manifests[0]), ("arm64", &index.manifests[1])] {
        let digest = listed.digest.to_string();
        assert_eq!(choices(registry, architecture).await, (digest.clone(), digest));
    }
}

async fn the_index_of_oci_client_means_the_same_to_us(registry: &Registry) {
    let index = push_two(registry).await;
    let theirs_of_it: OciImageIndex = serde_json::from_value(serde_json::to_value(&index).unwrap()).unwrap();
    let (reference, login) = (registry.reference("1"), registry.login());
    let other = theirs("amd64");
    other
        .push_manifest_list(&reference, &login, theirs_of_it)
        .await
        .unwrap();
    let fetched = registry.pull_document("1").await;
    let document = Document::parse(&fetched.bytes, fetched.media_type.as_ref()).unwrap();
    assert_eq!(document.into_index().unwrap(), index);
    let (ours, theirs) = choices(registry, "arm64").await;
    assert_eq!(ours, theirs);
}

async fn a_part_of_a_blob_is_the_same_for_both(registry: &Registry) {
    let image = Image::new("amd64");
    registry.push(&image, "1").await;
    let (layer, offset) = (&image.layers[1], 11);
    let mut body = registry.ours(Access::Pull).blob(&digest(layer), offset).await.unwrap();
    assert_eq!(body.start, offset);
    let mut ours = Vec::new();
    while let Some(chunk) = body.chunk().await.unwrap() {
        ours.extend_from_slice(&chunk);
    }
    let other = theirs("amd64");
    let reference = registry.reference("1");
    other
        .store_auth_if_needed(reference.resolve_registry(), &registry.login())
        .await;
    let name = digest(layer).to_string();
    let part = other
        .pull_blob_stream_partial(&reference, name.as_str(), offset, None)
        .await
        .unwrap();
    let BlobResponse::Partial(mut stream) = part else {
        panic!("the whole was sent");
    };
    let mut theirs = Vec::new();
    while let Some(chunk) = stream.next().await {
        theirs.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(ours, theirs);
    assert_eq!(ours, layer[usize::try_from(offset).unwrap()..]);
}

/// Pulls with both clients as a user with another password.
async fn is_refused_to_both(registry: &Registry) {
    let wrong = Credential::Password {
        username: "ann".to_owned(),
        password: Secret::new("wrong"),
    };
    let registries = logged_in(Logins::with(registry.address(), wrong));
    let ours = client(&registries, registry.address(), Access::Pull);
    let refused = ours
        .manifest("1", "a document", MANIFEST_LIMIT_BYTES)
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, RegistryError::BadCredentials { .. }), "{refused}");
    let login = RegistryAuth::Basic("ann".to_owned(), "wrong".to_owned());
    let pulled = theirs("amd64")
        .pull(&registry.reference("1"), &login, LAYERS.to_vec())
        .await;
    let refused = pulled.err().unwrap();
    assert!(
        matches!(
            refused,
            OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_)
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_refused_to_both() {
    container_require::require!(container_require::is_installed("docker-registry"), "docker-registry");
    is_refused_to_both(&Registry::with_password()).await;
}

#[tokio::test]
async fn no_token_is_given_to_either_for_a_wrong_password() {
    is_refused_to_both(&Registry::with_tokens()).await;
}
