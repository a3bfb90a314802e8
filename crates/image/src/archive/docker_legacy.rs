//! `docker save` archives of Docker before 1.10: `repositories`, and one directory per layer (moby `image/spec/v1.md`).
//!
//! They have no image configuration, so one is made of the topmost layer's `json`.

use std::collections::{BTreeMap, HashSet};

use container_oci::{Descriptor, ImageConfig, Platform, ProcessDefaults, media_type};
use serde::Deserialize;

use super::compression::unpacked;
use super::docker::{assemble, document, layer_descriptor};
use super::members::Members;
use super::{ArchiveError, ArchiveImage};
use crate::content::{ContentError, Hasher, Session};

#[derive(Deserialize)]
struct Layer {
    parent: Option<String>,
    created: Option<String>,
    architecture: Option<String>,
    os: Option<String>,
    config: Option<ProcessDefaults>,
}

/// The images that `repositories` lists.
pub(super) fn images(session: &Session, members: &mut Members) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let repositories: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_slice(&members.bytes("repositories")?).map_err(|error| document("repositories", error))?;
    let mut images = Vec::new();
    for (repository, tags) in repositories {
        for (tag, id) in tags {
            images.extend(image(session, members, &id, &format!("{repository}:{tag}"))?);
        }
    }
    Ok(images)
}

fn image(session: &Session, members: &mut Members, top: &str, name: &str) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(top.to_owned());
    while let Some(id) = next {
        let json = format!("{id}/json");
        // A parent that was there already would make an endless chain.
        if !seen.insert(id.clone()) {
            return Err(ArchiveError::Missing {
                name: format!("base layer below {id}"),
            });
        }
        let layer: Layer = serde_json::from_slice(&members.bytes(&json)?).map_err(|error| document(&json, error))?;
        next = layer.parent.clone().filter(|parent| !parent.is_empty());
        chain.push((id, layer));
    }
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    for (id, _) in chain.iter().rev() {
        let tar = format!("{id}/layer.tar");
        layers.push(layer_descriptor(members, &tar)?);
        diff_ids.push(diff_id(members, &tar)?);
    }
    let Some((_, top)) = chain.into_iter().next() else {
        return Ok(Vec::new());
    };
    let host = Platform::host();
    let platform = Platform::new(
        top.os.as_deref().unwrap_or("linux"),
        top.architecture.as_deref().unwrap_or(&host.architecture),
        None,
    );
    let mut config = ImageConfig::new(platform, top.config.unwrap_or_default(), diff_ids);
    config.created = top.created;
    let bytes = serde_json::to_vec(&config).map_err(|error| document("json", error))?;
    let (digest, size_bytes) = members.add(session, &bytes)?;
    let config_descriptor = Descriptor::new(media_type::OCI_CONFIG, digest, size_bytes);
    assemble(session, members, config_descriptor, layers, config, &[name.to_owned()])
}

fn diff_id(members: &Members, name: &str) -> Result<container_oci::Digest, ArchiveError> {
    let path = members.require(name)?.path();
    let io_error = |source| ContentError::io("read", path, source);
    let mut reader = unpacked(std::fs::File::open(path).map_err(io_error)?).map_err(io_error)?;
    let mut hasher = Hasher::new(container_oci::Algorithm::Sha256);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match reader.read(&mut buffer).map_err(io_error)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}
