//! OCI layouts (image-spec `image-layout.md`).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use container_oci::{Descriptor, Digest, Document, DocumentError, ImageConfig, Index, Manifest, Platform};

use super::images::layers_for;
use super::layout::{INDEX_FILE, blob_name};
use super::members::Members;
use super::{ArchiveError, ArchiveImage, IMAGE_LIMIT, docker, name};

/// Indexes below an index that are followed.
const DEPTH_LIMIT: usize = 3;

/// The images that `index.json` lists. What else is listed there, such as signatures, is no image and is left out.
pub(super) fn images(
    members: &Members,
    stem: Option<&str>,
    machine: &Platform,
) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let index = match parse(members, INDEX_FILE, None)? {
        Document::Index(index) => index,
        Document::Manifest(_) => return Err(wrong_kind(INDEX_FILE)),
    };
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
        // The name is the catalog's business; what is stored is the bare descriptor.
        let mut descriptor = Descriptor::new(listed.media_type.as_str(), listed.digest, listed.size_bytes);
        descriptor.platform.clone_from(&listed.platform);
        let mut references = vec![name::of_descriptor(listed, stem)?];
        if name::is_untagged(&references[0]) {
            let tags = found.parts.iter().find_map(|part| docker_names.get(part));
            let tags = tags.into_iter().flatten().map(|tag| name::parse(tag));
            let tags = tags.collect::<Result<Vec<_>, _>>()?;
            if !tags.is_empty() {
                references = tags;
            }
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
#[derive(Debug, Default)]
struct Found {
    platforms: Vec<Platform>,
    parts: Vec<Digest>,
    layers: Vec<(Descriptor, Digest)>,
    seen: BTreeSet<Digest>,
}

/// Everything of the root that is there; `None` when it is no image.
fn root(members: &Members, listed: &Descriptor, machine: &Platform) -> Result<Option<Found>, ArchiveError> {
    let mut found = Found::default();
    let name = blob_name(&listed.digest);
    match document(members, listed)? {
        Document::Manifest(manifest) if !manifest.config.media_type.is_config() => return Ok(None),
        Document::Manifest(manifest) => found.add_image(members, listed, &manifest, machine)?,
        Document::Index(index) => {
            let lack = found.add_index(members, &index, machine, 0)?;
            // `docker save` keeps the index whole and leaves out other platforms' content, so some may be missing, but not all.
            if found.platforms.is_empty() {
                return Err(lack.unwrap_or_else(|| missing(&format!("image in {name}"))));
            }
            found.parts.push(listed.digest);
        }
    }
    Ok(Some(found))
}

impl Found {
    /// Adds what the index lists and the archive has; returns what the last incomplete image lacks.
    fn add_index(
        &mut self,
        members: &Members,
        index: &Index,
        machine: &Platform,
        depth: usize,
    ) -> Result<Option<ArchiveError>, ArchiveError> {
        let mut lack = None;
        for listed in &index.manifests {
            if self.seen.insert(listed.digest)
                && let Err(error) = self.add_listed(members, listed, machine, depth)
            {
                match error {
                    error @ ArchiveError::Missing { .. } => lack = Some(error),
                    error => return Err(error),
                }
            }
        }
        Ok(lack)
    }

    fn add_listed(
        &mut self,
        members: &Members,
        listed: &Descriptor,
        machine: &Platform,
        depth: usize,
    ) -> Result<(), ArchiveError> {
        let media_type = &listed.media_type;
        if !media_type.is_manifest() && !media_type.is_index() {
            require(members, listed)?;
            self.parts.push(listed.digest);
            return Ok(());
        }
        match document(members, listed)? {
            Document::Manifest(manifest) if listed.is_attestation() || !manifest.config.media_type.is_config() => {
                self.add_content(members, listed, &manifest)
            }
            Document::Manifest(manifest) => self.add_image(members, listed, &manifest, machine),
            Document::Index(index) if depth < DEPTH_LIMIT => {
                self.add_index(members, &index, machine, depth + 1)?;
                self.parts.push(listed.digest);
                Ok(())
            }
            Document::Index(_) => Err(missing(&blob_name(&listed.digest))),
        }
    }

    fn add_image(
        &mut self,
        members: &Members,
        listed: &Descriptor,
        manifest: &Manifest,
        machine: &Platform,
    ) -> Result<(), ArchiveError> {
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
        self.layers.extend(layers_for(machine, manifest, &config, is_here));
        self.platforms.push(config.platform);
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
    Document::parse(&members.bytes(name)?, hint).map_err(|source| ArchiveError::Document {
        name: name.to_owned(),
        source,
    })
}

fn wrong_kind(name: &str) -> ArchiveError {
    let source = DocumentError::Kind {
        media_type: String::new(),
    };
    ArchiveError::Document {
        name: name.to_owned(),
        source,
    }
}

fn missing(name: &str) -> ArchiveError {
    ArchiveError::Missing { name: name.to_owned() }
}
