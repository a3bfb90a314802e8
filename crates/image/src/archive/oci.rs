//! OCI layouts (image-spec `image-layout.md`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use container_oci::{
    Descriptor, Digest, Document, DocumentError, ImageConfig, Index, Listed, Manifest, MediaType, MediaTypeKind as _,
    Platform, Tree,
};

use super::images::layers_for;
use super::layout::{INDEX_FILE, blob_name};
use super::members::Members;
use super::{ArchiveError, ArchiveImage, IMAGE_LIMIT, docker, name};
use crate::platform::platform_of;

/// The images that `index.json` lists. What else is listed there, such as signatures, is no image and is left out.
pub(super) fn images(
    members: &Members,
    stem: Option<&str>,
    machine: &Platform,
) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let index = parse(members, INDEX_FILE, None)?.into_index();
    let index = index.map_err(|source| bad(INDEX_FILE, source))?;
    let docker_names = docker::names(members)?;
    let mut roots: HashMap<Digest, Option<Found>> = HashMap::new();
    let mut images = Vec::new();
    for listed in index.manifests.iter().filter(|descriptor| !descriptor.is_attestation()) {
        if images.len() >= IMAGE_LIMIT {
            return Err(ArchiveError::TooManyImages { limit: IMAGE_LIMIT });
        }
        let found = match roots.entry(listed.digest) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(root(members, listed, machine)?),
        };
        let Some(found) = found else { continue };
        // The name is stored in the catalog, beside the descriptor without its annotations.
        let mut descriptor = Descriptor::new(found.media_type.as_ref(), listed.digest, listed.size_bytes);
        descriptor.platform.clone_from(&listed.platform);
        let mut references = vec![name::of_descriptor(listed, stem)?];
        if name::is_untagged(&references[0]) {
            let tags = found.parts.iter().find_map(|part| docker_names.get(part));
            let tags = name::all(tags.into_iter().flatten())?;
            if !tags.is_empty() {
                references = tags;
            }
        }
        for reference in &references {
            name::check(reference, &listed.digest)?;
        }
        images.extend(references.into_iter().map(|reference| ArchiveImage {
            reference,
            descriptor: descriptor.clone(),
            platforms: found.platforms.clone(),
            parts: found.parts.clone(),
            layers: found.layers.clone(),
        }));
    }
    Ok(images)
}

/// What is below a root; children come before parents.
#[derive(Debug)]
struct Found {
    /// What the root is.
    media_type: MediaType,
    platforms: Vec<Platform>,
    parts: Vec<Digest>,
    layers: Vec<(Descriptor, Digest)>,
}

/// Everything of the root that is there; `None` when it is no image.
fn root(members: &Members, listed: &Descriptor, machine: &Platform) -> Result<Option<Found>, ArchiveError> {
    let document = document(members, listed)?;
    // The descriptor of a root need not have the right media type.
    let descriptor = Descriptor {
        media_type: document.media_type(),
        ..listed.clone()
    };
    let tree = Tree::read(descriptor.clone(), document.as_index(), |inner| index(members, inner))?;
    if let Some(digest) = tree.beyond() {
        return Err(ArchiveError::EndlessIndex { digest: *digest });
    }
    let mut found = Found {
        media_type: descriptor.media_type,
        platforms: Vec::new(),
        parts: Vec::new(),
        layers: Vec::new(),
    };
    if let Document::Manifest(manifest) = &document
        && !manifest.config.media_type.is_config()
    {
        return Ok(None);
    }
    let mut lack = None;
    for place in tree.bottom_up() {
        match found.add(members, place, machine) {
            Ok(()) => {}
            Err(error @ ArchiveError::Missing { .. }) => lack = Some(error),
            Err(error) => return Err(error),
        }
    }
    // `docker save` keeps the index whole and leaves out other platforms' content, so some may be missing, but not all.
    if found.platforms.is_empty() {
        let name = blob_name(&listed.digest);
        return Err(lack.unwrap_or_else(|| missing(&format!("image in {name}"))));
    }
    Ok(Some(found))
}

impl Found {
    /// Adds what stands in one place of the tree, when all of that is there and right.
    fn add(&mut self, members: &Members, place: &Listed, machine: &Platform) -> Result<(), ArchiveError> {
        let listed = &place.descriptor;
        if !listed.media_type.is_manifest() {
            require(members, listed)?;
            self.parts.push(listed.digest);
            return Ok(());
        }
        let manifest = document(members, listed)?.into_manifest();
        let manifest = manifest.map_err(|source| bad(&blob_name(&listed.digest), source))?;
        if place.is_image() && manifest.config.media_type.is_config() {
            self.add_image(members, place, &manifest, machine)
        } else {
            self.add_content(members, listed, &manifest)
        }
    }

    fn add_image(
        &mut self,
        members: &Members,
        place: &Listed,
        manifest: &Manifest,
        machine: &Platform,
    ) -> Result<(), ArchiveError> {
        let listed = &place.descriptor;
        let config_name = blob_name(&manifest.config.digest);
        require(members, &manifest.config)?;
        let config = ImageConfig::parse(&members.bytes(&config_name)?).map_err(|source| ArchiveError::Document {
            name: config_name,
            source,
        })?;
        let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
        if layers != diff_ids {
            return Err(ArchiveError::LayerCount {
                name: blob_name(&listed.digest),
                layers,
                diff_ids,
            });
        }
        self.add_content(members, listed, manifest)?;
        let is_here = |digest: &Digest| members.contains(&blob_name(digest));
        let platform = platform_of(&config, place, machine);
        self.layers
            .extend(layers_for(machine, &platform, manifest, &config, is_here));
        self.platforms.push(platform);
        Ok(())
    }

    /// Adds the manifest and what it names, when all of that is there and right. Non-distributable layers may be elsewhere.
    fn add_content(&mut self, members: &Members, listed: &Descriptor, manifest: &Manifest) -> Result<(), ArchiveError> {
        let mut parts = Vec::with_capacity(manifest.layers.len() + 2);
        for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
            match require(members, part) {
                Err(ArchiveError::Missing { .. }) if part.is_elsewhere() => {}
                found => {
                    found?;
                    parts.push(part.digest);
                }
            }
        }
        self.parts.append(&mut parts);
        self.parts.push(listed.digest);
        Ok(())
    }
}

fn require(members: &Members, descriptor: &Descriptor) -> Result<(), ArchiveError> {
    match members.blob(&descriptor.digest, descriptor.size_bytes)? {
        Some(_) => Ok(()),
        None => Err(missing(&blob_name(&descriptor.digest))),
    }
}

/// An index or manifest that is there and right.
fn document(members: &Members, descriptor: &Descriptor) -> Result<Document, ArchiveError> {
    require(members, descriptor)?;
    parse(members, &blob_name(&descriptor.digest), Some(descriptor))
}

fn parse(members: &Members, name: &str, descriptor: Option<&Descriptor>) -> Result<Document, ArchiveError> {
    let hint = descriptor.map(|descriptor| &descriptor.media_type);
    Document::parse(&members.bytes(name)?, hint).map_err(|source| bad(name, source))
}

/// An index within an index; `None` when the archive does not have it.
fn index(members: &Members, descriptor: &Descriptor) -> Result<Option<Index>, ArchiveError> {
    match document(members, descriptor) {
        Ok(document) => {
            let index = document.into_index();
            index
                .map(Some)
                .map_err(|source| bad(&blob_name(&descriptor.digest), source))
        }
        Err(ArchiveError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn bad(name: &str, source: DocumentError) -> ArchiveError {
    let name = name.to_owned();
    ArchiveError::Document { name, source }
}

fn missing(name: &str) -> ArchiveError {
    ArchiveError::Missing { name: name.to_owned() }
}
