//! Which blobs a pull fetches, and which of them become disks.

use std::collections::BTreeSet;

use container_oci::{
    CONFIG_LIMIT_BYTES, Descriptor, Digest, Document, DocumentError, ImageConfig, Index, Listed, Manifest,
    MediaTypeKind as _, Platform, Reference, Tree,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::PullFailure;
use super::blob::fetch_small;
use super::documents::{listed, top};
use super::source::Source;
use crate::disk::layer_compression;
use crate::platform::platform_of;
use crate::store::PlatformChoice;
use container_registry::RegistryError;

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
    let tree = indexes(source, &descriptor, &document, (!wants_all).then_some(&platform)).await?;
    let chosen = match document {
        Document::Manifest(manifest) => tree.iter().next().map(|root| (root, *manifest)),
        Document::Index(_) => match tree.select(&platform) {
            Some((image, _)) => Some((image, manifest(source, &image.descriptor).await?)),
            None if wants_all => None,
            None => return Err(not_listed(&tree, &platform)),
        },
    };
    let layers = match &chosen {
        Some((image, manifest)) => match layers(source, image, manifest, &platform).await {
            // A lone manifest for another machine is all that there is.
            Err(PullFailure::Platform { .. }) if wants_all => Vec::new(),
            layers => layers?,
        },
        None => Vec::new(),
    };
    let mut others = Others::without(&layers);
    match &chosen {
        Some((image, manifest)) if wants_all && image.descriptor.digest == descriptor.digest => others.add(manifest),
        _ if wants_all => whole(source, &tree, &mut others, at_once).await?,
        _ => {}
    }
    Ok(Plan {
        manifest_descriptor: chosen.map(|(image, _)| image.descriptor.clone()),
        descriptor,
        layers,
        others: others.blobs,
    })
}

/// Fetches the indexes within the index, until they cannot hold a better image for `wanted` any more; all of them when
/// nothing is wanted in particular.
async fn indexes(
    source: &Source<'_>,
    root: &Descriptor,
    document: &Document,
    wanted: Option<&Platform>,
) -> Result<Tree, PullFailure> {
    let mut tree = Tree::new(root.clone(), document.as_index());
    loop {
        // What comes later is farther from the root, so it does not win against one that fits as well.
        let is_found = wanted
            .and_then(|platform| tree.select(platform))
            .is_some_and(|(image, distance)| distance == 0 && image.platform.is_some());
        let next = tree.unread().filter(|_| !is_found);
        match (next, tree.beyond()) {
            (_, Some(digest)) => return Err(PullFailure::EndlessIndex { digest: *digest }),
            (Some(next), None) => {
                let index = match listed(source, &next).await? {
                    Some(document) => document.into_index().map_err(|error| wrong(source, &next, error))?,
                    None => Index::new(Vec::new()),
                };
                tree.put(Some(&index));
            }
            (None, None) => return Ok(tree),
        }
    }
}

/// The manifest of an image that an index lists.
async fn manifest(source: &Source<'_>, descriptor: &Descriptor) -> Result<Manifest, PullFailure> {
    let document = listed(source, descriptor).await?;
    let none = || DocumentError::Kind {
        media_type: descriptor.media_type.to_string(),
    };
    let manifest = document.ok_or_else(none).and_then(Document::into_manifest);
    Ok(manifest.map_err(|error| wrong(source, descriptor, error))?)
}

fn wrong(source: &Source<'_>, descriptor: &Descriptor, error: DocumentError) -> RegistryError {
    RegistryError::Document {
        host: source.client.host(),
        what: format!("manifest {}", descriptor.digest),
        source: error,
    }
}

/// The layers of the image and their diff ids, when it is one that this store can unpack.
async fn layers(
    source: &Source<'_>,
    image: &Listed,
    manifest: &Manifest,
    platform: &Platform,
) -> Result<Vec<(Descriptor, Digest)>, PullFailure> {
    let config = fetch_small(source, &manifest.config, "image configuration", CONFIG_LIMIT_BYTES).await?;
    let config = ImageConfig::parse(&config).map_err(|error| RegistryError::Document {
        host: source.client.host(),
        what: "image configuration".to_owned(),
        source: error,
    })?;
    let told = platform_of(&config, image, platform);
    if !platform.is_same_machine(&told) {
        return Err(not_for(platform, [&told]));
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

/// Everything that the indexes name: their manifests are fetched now, what those name is added to `others`.
async fn whole(source: &Source<'_>, tree: &Tree, others: &mut Others, at_once: usize) -> Result<(), PullFailure> {
    let mut seen = BTreeSet::new();
    let leaves = tree.iter().filter(|listed| !listed.descriptor.media_type.is_index());
    let leaves: Vec<_> = leaves.filter(|listed| seen.insert(listed.descriptor.digest)).collect();
    let mut documents = stream::iter(leaves)
        .map(|leaf| listed(source, &leaf.descriptor))
        .buffered(at_once);
    while let Some(document) = documents.try_next().await? {
        if let Some(Document::Manifest(manifest)) = document {
            others.add(&manifest);
        }
    }
    Ok(())
}

/// Why the indexes have nothing for the platform.
fn not_listed(tree: &Tree, platform: &Platform) -> PullFailure {
    not_for(platform, tree.images().filter_map(|image| image.platform.as_ref()))
}

fn not_for<'a>(platform: &Platform, others: impl IntoIterator<Item = &'a Platform>) -> PullFailure {
    let mut names: Vec<String> = others.into_iter().map(ToString::to_string).collect();
    names.dedup();
    let available = match names.is_empty() {
        true => "no platform".to_owned(),
        false => names.join(", "),
    };
    PullFailure::Platform {
        platform: platform.clone(),
        available,
    }
}
