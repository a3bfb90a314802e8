//! The documents of a pull: index, manifest, configuration.

use std::collections::BTreeSet;

use container_oci::{
    Algorithm, CONFIG_LIMIT_BYTES, Descriptor, Digest, Document, ImageConfig, MANIFEST_LIMIT_BYTES, Manifest,
    MediaType, Platform, Reference, media_type,
};

use super::PullFailure;
use super::blob::{Source, fetch_small, store_bytes};
use crate::content::{ContentError, Hasher, read_blob};
use crate::disk::layer_compression;
use crate::progress::ProgressEvent;
use container_registry::{RegistryError, retry};

/// What a reference points at.
pub(super) struct Image {
    pub(super) descriptor: Descriptor,
    pub(super) manifest_descriptor: Descriptor,
    manifest: Manifest,
    config: ImageConfig,
}

impl Image {
    /// The layers and their diff ids, each pair once.
    pub(super) fn layers(&self) -> Vec<(Descriptor, Digest)> {
        let mut seen = BTreeSet::new();
        let layers = self.manifest.layers.iter().zip(self.config.diff_ids());
        let once = layers.filter(|(layer, diff_id)| seen.insert((layer.digest, **diff_id)));
        once.map(|(layer, diff_id)| (layer.clone(), *diff_id)).collect()
    }
}

/// Fetches, checks and stores the documents.
pub(super) async fn fetch(
    source: &Source<'_>,
    reference: &Reference,
    platform: &Platform,
) -> Result<Image, PullFailure> {
    let (descriptor, document) = top(source, reference).await?;
    let (manifest_descriptor, manifest) = match document {
        Document::Manifest(manifest) => (descriptor.clone(), manifest),
        Document::Index(index) => {
            let chosen = index.select(platform).ok_or_else(|| {
                not_for(
                    platform,
                    index
                        .images()
                        .filter_map(|image| image.platform.as_ref())
                        .map(ToString::to_string),
                )
            })?;
            match by_descriptor(source, chosen).await? {
                Document::Manifest(manifest) => (chosen.clone(), manifest),
                Document::Index(_) => return Err(PullFailure::NestedIndex { digest: chosen.digest }),
            }
        }
    };
    for layer in &manifest.layers {
        layer_compression(layer)?;
    }
    let config = fetch_small(source, &manifest.config, "image configuration", CONFIG_LIMIT_BYTES).await?;
    let config = ImageConfig::parse(&config).map_err(|error| RegistryError::Document {
        host: source.client.host().to_owned(),
        what: "image configuration".to_owned(),
        source: error,
    })?;
    if !platform.is_same_machine(&config.platform) {
        return Err(not_for(platform, [config.platform.to_string()].into_iter()));
    }
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
    if layers != diff_ids {
        return Err(PullFailure::LayerCount { layers, diff_ids });
    }
    Ok(Image {
        descriptor,
        manifest_descriptor,
        manifest: *manifest,
        config,
    })
}

/// What the reference points at now.
async fn top(source: &Source<'_>, reference: &Reference) -> Result<(Descriptor, Document), PullFailure> {
    let (name, what) = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => (digest.to_string(), format!("manifest {digest}")),
        (None, tag) => {
            let tag = tag.unwrap_or("latest");
            (tag.to_owned(), format!("tag {tag:?} in {}", reference.repository()))
        }
    };
    let fetched = retry(
        &what,
        |retry| source.progress.event(ProgressEvent::Retrying(retry)),
        async || source.client.manifest(&name, &what, MANIFEST_LIMIT_BYTES).await,
    )
    .await?;
    // Without a digest in the reference, the registry's own claim still shows what was damaged on the way.
    let expected = reference.digest().copied().or(fetched.claimed_digest);
    let algorithm = expected.map_or(Algorithm::Sha256, |digest| digest.algorithm());
    let actual = Hasher::of(algorithm, &fetched.bytes);
    if let Some(expected) = expected.filter(|expected| *expected != actual) {
        return Err(RegistryError::DigestMismatch { what, expected, actual }.into());
    }
    let document = parse(source, &fetched.bytes, fetched.media_type.as_ref(), &what)?;
    let media_type = match &document {
        Document::Index(index) => index
            .media_type
            .clone()
            .unwrap_or_else(|| MediaType::from(media_type::OCI_INDEX)),
        Document::Manifest(manifest) => manifest
            .media_type
            .clone()
            .unwrap_or_else(|| MediaType::from(media_type::OCI_MANIFEST)),
    };
    let descriptor = Descriptor::new(media_type.as_str(), actual, fetched.bytes.len() as u64);
    store_bytes(source, &descriptor, fetched.bytes).await?;
    Ok((descriptor, document))
}

/// A manifest of an index: from the store if it is there, else from the registry.
async fn by_descriptor(source: &Source<'_>, descriptor: &Descriptor) -> Result<Document, PullFailure> {
    let what = format!("manifest {}", descriptor.digest);
    if source.session.has_blob(&descriptor.digest)? {
        let bytes = read_blob(source.paths, &descriptor.digest, MANIFEST_LIMIT_BYTES)?;
        return Document::parse(&bytes, Some(&descriptor.media_type)).map_err(|source| {
            ContentError::Document {
                digest: descriptor.digest,
                source,
            }
            .into()
        });
    }
    let name = descriptor.digest.to_string();
    let fetched = retry(
        &what,
        |retry| source.progress.event(ProgressEvent::Retrying(retry)),
        async || source.client.manifest(&name, &what, MANIFEST_LIMIT_BYTES).await,
    )
    .await?;
    let actual = Hasher::of(descriptor.digest.algorithm(), &fetched.bytes);
    if actual != descriptor.digest {
        return Err(RegistryError::DigestMismatch {
            what,
            expected: descriptor.digest,
            actual,
        }
        .into());
    }
    let document = parse(source, &fetched.bytes, Some(&descriptor.media_type), &what)?;
    store_bytes(source, descriptor, fetched.bytes).await?;
    Ok(document)
}

fn parse(
    source: &Source<'_>,
    bytes: &[u8],
    media_type: Option<&MediaType>,
    what: &str,
) -> Result<Document, RegistryError> {
    Document::parse(bytes, media_type).map_err(|error| RegistryError::Document {
        host: source.client.host().to_owned(),
        what: what.to_owned(),
        source: error,
    })
}

fn not_for(platform: &Platform, names: impl Iterator<Item = String>) -> PullFailure {
    let names: Vec<String> = names.collect();
    let available = if names.is_empty() {
        "no platform".to_owned()
    } else {
        names.join(", ")
    };
    PullFailure::Platform {
        platform: platform.clone(),
        available,
    }
}
