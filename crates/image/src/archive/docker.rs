//! `docker save` archives with a `manifest.json` (moby `image/spec/v1.2.md`, "Combined Image JSON + Filesystem Changeset Format").
//!
//! Their images become OCI images: the configuration and the layers stay byte for byte what they are, a manifest is added.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use container_oci::{
    Descriptor, Digest, DocumentError, ImageConfig, LayerCompression, Manifest, Platform, Reference, media_type,
};
use serde::{Deserialize, Serialize};

use super::images::layers_for;
use super::layout::MANIFEST_FILE;
use super::members::Members;
use super::{ArchiveError, ArchiveImage, IMAGE_LIMIT, name};
use crate::content::{ContentError, Session};
use crate::layer::detect;

/// An image in `manifest.json`; configuration and layers are names of members.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Item {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

impl Item {
    /// Adds an image to the list; further names of one that is there are added to it.
    pub(super) fn add(items: &mut Vec<Self>, config: String, layers: Vec<String>, reference: &Reference) {
        // Only names with a tag can be given there. They are given in full: podman takes a short one for one of its own.
        let tagged = reference.tag().and_then(|tag| reference.with_tag(tag).ok());
        let tag = tagged.map(|tagged| tagged.to_string());
        let layers = Some(layers);
        match items
            .iter_mut()
            .find(|item| item.config == config && item.layers == layers)
        {
            Some(item) => {
                if let Some(tag) = tag {
                    item.repo_tags.get_or_insert_default().push(tag);
                }
            }
            None => items.push(Self {
                config,
                repo_tags: tag.map(|tag| vec![tag]),
                layers,
            }),
        }
    }
}

/// The images that `manifest.json` lists; one with several names comes several times.
pub(super) fn images(
    session: &Session,
    members: &mut Members,
    machine: &Platform,
) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let mut images = Vec::new();
    for item in items(members)? {
        let config = ImageConfig::parse(&members.bytes(&item.config)?).map_err(|source| ArchiveError::Document {
            name: item.config.clone(),
            source,
        })?;
        let (digest, size_bytes) = members.name_by_digest(&item.config)?;
        let config_descriptor = Descriptor::new(media_type::OCI_CONFIG, digest, size_bytes);
        let layers = item.layers.unwrap_or_default();
        if layers.len() != config.diff_ids().len() {
            let (layers, diff_ids) = (layers.len(), config.diff_ids().len());
            return Err(ArchiveError::LayerCount {
                name: item.config,
                layers,
                diff_ids,
            });
        }
        let layers = layers
            .iter()
            .map(|layer| layer_descriptor(members, layer))
            .collect::<Result<Vec<_>, _>>()?;
        let parts = Parts {
            config_descriptor,
            layers,
            config,
        };
        images.extend(parts.assemble(session, members, machine, &item.repo_tags.unwrap_or_default())?);
        if images.len() > IMAGE_LIMIT {
            return Err(ArchiveError::TooManyImages { limit: IMAGE_LIMIT });
        }
    }
    Ok(images)
}

/// The names that `manifest.json` gives to images, by the digests of their configurations. Layouts written by Docker have them
/// as well, and some have them only there.
pub(super) fn names(members: &Members) -> Result<HashMap<Digest, Vec<String>>, ArchiveError> {
    let mut names: HashMap<Digest, Vec<String>> = HashMap::new();
    if !members.contains(MANIFEST_FILE) {
        return Ok(names);
    }
    for item in items(members)? {
        if let (Some(config), Some(tags)) = (members.get(&item.config), item.repo_tags) {
            names.entry(*config.digest()).or_default().extend(tags);
        }
    }
    Ok(names)
}

fn items(members: &Members) -> Result<Vec<Item>, ArchiveError> {
    serde_json::from_slice(&members.bytes(MANIFEST_FILE)?).map_err(|error| document(MANIFEST_FILE, error))
}

/// What an image is made of.
pub(super) struct Parts {
    pub(super) config_descriptor: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    pub(super) config: ImageConfig,
}

impl Parts {
    /// Adds the manifest, and makes one image per name.
    pub(super) fn assemble(
        self,
        session: &Session,
        members: &mut Members,
        machine: &Platform,
        names: &[String],
    ) -> Result<Vec<ArchiveImage>, ArchiveError> {
        let manifest = Manifest::new(self.config_descriptor, self.layers);
        let bytes = serde_json::to_vec(&manifest).map_err(|error| document(MANIFEST_FILE, error))?;
        let (digest, size_bytes) = members.add(session, &bytes)?;
        let mut descriptor = Descriptor::new(media_type::OCI_MANIFEST, digest, size_bytes);
        let platform = self.config.platform.completed_by(machine);
        descriptor.platform = Some(platform.clone());
        let mut references = name::all(names)?;
        for reference in &references {
            name::check(reference, &digest)?;
        }
        if references.is_empty() {
            references.push(name::untagged(&digest)?);
        }
        let below = manifest.layers.iter().chain([&manifest.config]).map(|part| part.digest);
        let parts: Vec<Digest> = below.chain([digest]).collect();
        let layers = layers_for(machine, &platform, &manifest, &self.config, |_| true);
        let image = |reference| ArchiveImage {
            reference,
            descriptor: descriptor.clone(),
            platforms: vec![platform.clone()],
            parts: parts.clone(),
            layers: layers.clone(),
        };
        Ok(references.into_iter().map(image).collect())
    }
}

/// The descriptor of a layer; its first bytes tell how it is packed.
pub(super) fn layer_descriptor(members: &mut Members, name: &str) -> Result<Descriptor, ArchiveError> {
    let (digest, size_bytes) = members.name_by_digest(name)?;
    let path = members.require(name)?.path();
    let mut magic = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut magic))
        .map_err(|source| ContentError::io("read", path, source))?;
    let media_type = match detect(&magic) {
        LayerCompression::None => media_type::OCI_LAYER,
        LayerCompression::Gzip => media_type::OCI_LAYER_GZIP,
        LayerCompression::Zstd => media_type::OCI_LAYER_ZSTD,
    };
    Ok(Descriptor::new(media_type, digest, size_bytes))
}

pub(super) fn document(name: &str, error: serde_json::Error) -> ArchiveError {
    ArchiveError::Document {
        name: name.to_owned(),
        source: DocumentError::Json(error),
    }
}
