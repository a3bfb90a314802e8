//! Which blobs a pull fetches, and which of them become disks.

use std::collections::BTreeSet;

use container_oci::{
    CONFIG_LIMIT_BYTES, Descriptor, Digest, Document, ImageConfig, Index, Manifest, Platform, Reference,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::PullFailure;
use super::blob::{Source, fetch_small};
use super::documents::{listed, top};
use crate::disk::layer_compression;
use crate::store::PlatformChoice;
use container_registry::RegistryError;

/// Indexes below an index that are followed.
const DEPTH_LIMIT: usize = 3;

/// What a pull still has to do once the documents are here.
pub(super) struct Plan {
    /// What the reference points at.
    pub(super) descriptor: Descriptor,
    /// The image whose disks are made; `None` when the index was asked for whole and has none for this machine.
    pub(super) manifest_descriptor: Option<Descriptor>,
    /// The layers of that image with their diff ids, each pair once.
    pub(super) layers: Vec<(Descriptor, Digest)>,
    /// Blobs that are kept and no more, each once.
    pub(super) others: Vec<Descriptor>,
}

/// Fetches, checks and stores the documents; `at_once` of them at a time.
pub(super) async fn make(
    source: &Source<'_>,
    reference: &Reference,
    platforms: &PlatformChoice,
    at_once: usize,
) -> Result<Plan, PullFailure> {
    let (descriptor, document) = top(source, reference).await?;
    let platform = match platforms {
        PlatformChoice::Only(platform) => platform.clone(),
        PlatformChoice::Default | PlatformChoice::All => Platform::host(),
    };
    let wants_all = *platforms == PlatformChoice::All;
    let (manifest_descriptor, manifest) = match &document {
        Document::Manifest(manifest) => (Some(descriptor.clone()), Some(manifest.clone())),
        Document::Index(index) => match index.select(&platform) {
            Some(chosen) => match listed(source, chosen).await? {
                Some(Document::Manifest(manifest)) => (Some(chosen.clone()), Some(manifest)),
                _ => return Err(PullFailure::NestedIndex { digest: chosen.digest }),
            },
            None if wants_all => (None, None),
            None => return Err(not_listed(index, &platform)),
        },
    };
    let layers = match &manifest {
        Some(manifest) => match layers(source, manifest, &platform).await {
            // A lone manifest for another machine is all that there is.
            Err(PullFailure::Platform { .. }) if wants_all => Vec::new(),
            layers => layers?,
        },
        None => Vec::new(),
    };
    let mut others = Others::without(&layers);
    match (document, wants_all) {
        (Document::Index(index), true) => whole(source, index, &mut others, at_once).await?,
        (Document::Manifest(manifest), true) => others.add(&manifest),
        (_, false) => {}
    }
    Ok(Plan {
        descriptor,
        manifest_descriptor,
        layers,
        others: others.blobs,
    })
}

/// The layers of the image and their diff ids, when it is one that this store can unpack.
async fn layers(
    source: &Source<'_>,
    manifest: &Manifest,
    platform: &Platform,
) -> Result<Vec<(Descriptor, Digest)>, PullFailure> {
    let config = fetch_small(source, &manifest.config, "image configuration", CONFIG_LIMIT_BYTES).await?;
    let config = ImageConfig::parse(&config).map_err(|error| RegistryError::Document {
        host: source.client.host(),
        what: "image configuration".to_owned(),
        source: error,
    })?;
    if !platform.is_same_machine(&config.platform) {
        return Err(not_for(platform, vec![config.platform.to_string()]));
    }
    for layer in &manifest.layers {
        layer_compression(layer)?;
    }
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
    if layers != diff_ids {
        return Err(PullFailure::LayerCount { layers, diff_ids });
    }
    let mut seen = BTreeSet::new();
    let layers = manifest.layers.iter().zip(config.diff_ids());
    let once = layers.filter(|(layer, diff_id)| seen.insert((layer.digest, **diff_id)));
    Ok(once.map(|(layer, diff_id)| (layer.clone(), *diff_id)).collect())
}

/// Blobs that become no disk.
struct Others {
    seen: BTreeSet<Digest>,
    blobs: Vec<Descriptor>,
}

impl Others {
    fn without(layers: &[(Descriptor, Digest)]) -> Self {
        Self {
            seen: layers.iter().map(|(layer, _)| layer.digest).collect(),
            blobs: Vec::new(),
        }
    }

    fn add(&mut self, manifest: &Manifest) {
        for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
            if self.seen.insert(part.digest) {
                self.blobs.push(part.clone());
            }
        }
    }
}

/// Everything that the index names: its manifests are fetched now, what they name is added to `others`.
async fn whole(source: &Source<'_>, index: Index, others: &mut Others, at_once: usize) -> Result<(), PullFailure> {
    let mut seen = BTreeSet::new();
    let mut level = index.manifests;
    for _ in 0..=DEPTH_LIMIT {
        level.retain(|descriptor| seen.insert(descriptor.digest));
        let mut below = Vec::new();
        let mut documents = stream::iter(&level)
            .map(|descriptor| listed(source, descriptor))
            .buffered(at_once);
        while let Some(document) = documents.try_next().await? {
            match document {
                Some(Document::Manifest(manifest)) => others.add(&manifest),
                Some(Document::Index(index)) => below.extend(index.manifests),
                None => {}
            }
        }
        drop(documents);
        level = below;
    }
    match level.first() {
        Some(too_deep) => Err(PullFailure::NestedIndex {
            digest: too_deep.digest,
        }),
        None => Ok(()),
    }
}

/// Why the index has nothing for the platform.
fn not_listed(index: &Index, platform: &Platform) -> PullFailure {
    let nested = index.manifests.iter().find(|listed| listed.media_type.is_index());
    match nested {
        Some(nested) => PullFailure::NestedIndex { digest: nested.digest },
        None => not_for(
            platform,
            index
                .images()
                .filter_map(|image| image.platform.as_ref())
                .map(ToString::to_string)
                .collect(),
        ),
    }
}

fn not_for(platform: &Platform, names: Vec<String>) -> PullFailure {
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
