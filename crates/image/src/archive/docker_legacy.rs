//! `docker save` archives of Docker before 1.10: `repositories`, and one directory per layer (moby `image/spec/v1.md`).
//!
//! They have no image configuration, so one is made of the topmost layer's `json`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;

use container_oci::{Descriptor, Digest, ImageConfig, Platform, ProcessDefaults, media_type};
use serde::Deserialize;

use super::compression::unpacked;
use super::docker::{Parts, document, layer_descriptor};
use super::layout::REPOSITORIES_FILE;
use super::members::Members;
use super::{ArchiveError, ArchiveImage, IMAGE_LIMIT};
use crate::content::{ContentError, Hasher, Session};
use crate::layer::LayerLimits;

/// The most layers that an image may have here; Docker allows 127.
const LAYER_LIMIT: usize = 1000;

#[derive(Default, Deserialize)]
struct Layer {
    parent: Option<String>,
    created: Option<String>,
    architecture: Option<String>,
    os: Option<String>,
    config: Option<ProcessDefaults>,
}

/// The images that `repositories` lists.
pub(super) fn images(
    session: &Session,
    members: &mut Members,
    machine: &Platform,
) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let repositories: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&members.bytes(REPOSITORIES_FILE)?)
            .map_err(|error| document(REPOSITORIES_FILE, error))?;
    let mut known = HashMap::new();
    let mut images = Vec::new();
    for (repository, tags) in repositories {
        for (tag, id) in tags {
            if images.len() >= IMAGE_LIMIT {
                return Err(ArchiveError::TooManyImages { limit: IMAGE_LIMIT });
            }
            let parts = parts(session, members, &id, &mut known)?;
            images.extend(parts.assemble(session, members, machine, &[format!("{repository}:{tag}")])?);
        }
    }
    Ok(images)
}

/// Layers that have been looked at, by their ids: their descriptors and diff ids.
type Known = HashMap<String, (Descriptor, Digest)>;

fn parts(session: &Session, members: &mut Members, top: &str, known: &mut Known) -> Result<Parts, ArchiveError> {
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(top.to_owned());
    let mut first = None;
    while let Some(id) = next {
        let json = format!("{id}/json");
        // A layer that is in the chain already would make it endless.
        if !seen.insert(id.clone()) || chain.len() >= LAYER_LIMIT {
            return Err(ArchiveError::LayerChain { id });
        }
        let layer: Layer = serde_json::from_slice(&members.bytes(&json)?).map_err(|error| document(&json, error))?;
        next = layer.parent.clone().filter(|parent| !parent.is_empty());
        first.get_or_insert(layer);
        chain.push(id);
    }
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    for id in chain.into_iter().rev() {
        let (layer, diff_id) = match known.get(&id) {
            Some(layer) => layer.clone(),
            None => {
                let tar = format!("{id}/layer.tar");
                let layer = (layer_descriptor(members, &tar)?, diff_id(members, &tar)?);
                known.insert(id, layer.clone());
                layer
            }
        };
        layers.push(layer);
        diff_ids.push(diff_id);
    }
    let top = first.unwrap_or_default();
    let host = Platform::host();
    let given = |word: &Option<String>| word.clone().filter(|word| !word.is_empty());
    let platform = Platform::new(
        given(&top.os).as_deref().unwrap_or("linux"),
        given(&top.architecture).as_deref().unwrap_or(&host.architecture),
        None,
    );
    let mut config = ImageConfig::new(platform, top.config.unwrap_or_default(), diff_ids);
    config.created = top.created;
    let bytes = serde_json::to_vec(&config).map_err(|error| document("json", error))?;
    let (digest, size_bytes) = members.add(session, &bytes)?;
    Ok(Parts {
        config_descriptor: Descriptor::new(media_type::OCI_CONFIG, digest, size_bytes),
        layers,
        config,
    })
}

fn diff_id(members: &Members, name: &str) -> Result<Digest, ArchiveError> {
    let path = members.require(name)?.path();
    let io_error = |source| ContentError::io("read", path, source);
    let limit_bytes = LayerLimits::default().uncompressed_bytes;
    let reader = unpacked(std::fs::File::open(path).map_err(io_error)?).map_err(io_error)?;
    let mut reader = reader.take(limit_bytes + 1);
    let mut hasher = Hasher::new(container_oci::Algorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) if reader.limit() == 0 => {
                let name = name.to_owned();
                return Err(ArchiveError::LayerTooLarge { name, limit_bytes });
            }
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => {
                let name = name.to_owned();
                return Err(ArchiveError::Layer { name, source });
            }
        }
    }
}
