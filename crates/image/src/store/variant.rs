//! The images behind a name: one manifest, or those of an index and of the indexes that it lists.

use std::collections::BTreeSet;

use container_oci::{
    CONFIG_LIMIT_BYTES, Descriptor, Digest, Document, DocumentError, ImageConfig, Index, Listed, MANIFEST_LIMIT_BYTES,
    Manifest, MediaType, Platform, Tree,
};

use crate::content::{ContentError, StorePaths, has_blob, read_blob};
use crate::platform::platform_of;

/// One image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageVariant {
    /// What it runs on, as its configuration says; what that leaves open, as the index says, or as it is here.
    pub platform: Platform,
    /// Its manifest's descriptor.
    pub descriptor: Descriptor,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its configuration.
    pub config: ImageConfig,
}

impl ImageVariant {
    /// Bytes of manifest, configuration and layers, as stored.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.manifest.content_bytes().saturating_add(self.descriptor.size_bytes)
    }
}

/// Reads an index or manifest.
pub(super) fn read_document(
    paths: &StorePaths,
    digest: &Digest,
    media_type: Option<&MediaType>,
) -> Result<Document, ContentError> {
    let bytes = read_blob(paths, digest, MANIFEST_LIMIT_BYTES)?;
    Document::parse(&bytes, media_type).map_err(|source| ContentError::Document {
        digest: *digest,
        source,
    })
}

/// Reads an image configuration.
pub(super) fn read_config(paths: &StorePaths, digest: &Digest) -> Result<ImageConfig, ContentError> {
    let bytes = read_blob(paths, digest, CONFIG_LIMIT_BYTES)?;
    ImageConfig::parse(&bytes).map_err(|source| ContentError::Document {
        digest: *digest,
        source,
    })
}

/// Reads what is described as an index.
pub(super) fn read_index(paths: &StorePaths, descriptor: &Descriptor) -> Result<Index, ContentError> {
    let document = read_document(paths, &descriptor.digest, Some(&descriptor.media_type))?;
    document.into_index().map_err(|source| damaged(descriptor, source))
}

/// Reads what is described as a manifest.
pub(super) fn read_manifest(paths: &StorePaths, descriptor: &Descriptor) -> Result<Manifest, ContentError> {
    let document = read_document(paths, &descriptor.digest, Some(&descriptor.media_type))?;
    document.into_manifest().map_err(|source| damaged(descriptor, source))
}

fn damaged(descriptor: &Descriptor, source: DocumentError) -> ContentError {
    let digest = descriptor.digest;
    ContentError::Document { digest, source }
}

/// The tree below `root`, which is `document`, as far as its indexes are here.
///
/// # Errors
/// [`ContentError`] when an index is here and cannot be read.
pub(super) fn read_tree(paths: &StorePaths, root: &Descriptor, document: &Document) -> Result<Tree, ContentError> {
    Tree::read(root.clone(), document.as_index(), |listed| index_here(paths, listed))
}

fn index_here(paths: &StorePaths, listed: &Descriptor) -> Result<Option<Index>, ContentError> {
    match has_blob(paths, &listed.digest) {
        true => read_index(paths, listed).map(Some),
        false => Ok(None),
    }
}

/// Reads the images behind `root` whose manifest and configuration are here.
pub(super) fn read_variants(paths: &StorePaths, root: &Descriptor) -> Result<Vec<ImageVariant>, ContentError> {
    variants(paths, root, Err)
}

/// Like [`read_variants`], but leaves out what is damaged; `on_damage` is told.
pub(super) fn read_undamaged(
    paths: &StorePaths,
    root: &Descriptor,
    on_damage: impl Fn(ContentError),
) -> Vec<ImageVariant> {
    let found = variants(paths, root, |error| {
        on_damage(error);
        Ok(())
    });
    found.unwrap_or_else(|error| {
        on_damage(error);
        Vec::new()
    })
}

/// The images behind `root`, each once. What is damaged is given to `on_damage`, which says whether to go on without it.
fn variants(
    paths: &StorePaths,
    root: &Descriptor,
    on_damage: impl Fn(ContentError) -> Result<(), ContentError>,
) -> Result<Vec<ImageVariant>, ContentError> {
    let document = read_document(paths, &root.digest, Some(&root.media_type))?;
    let tree = Tree::read(root.clone(), document.as_index(), |listed| {
        index_here(paths, listed).or_else(|error| on_damage(error).map(|()| None))
    })?;
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for image in tree.images().filter(|image| seen.insert(image.descriptor.digest)) {
        let is_root = image.descriptor.digest == root.digest;
        match variant(paths, image, is_root) {
            Ok(variant) => found.extend(variant),
            Err(error) => on_damage(error)?,
        }
    }
    Ok(found)
}

/// The image in its place in the tree; `None` when it is not here. What the root names belongs here.
fn variant(paths: &StorePaths, image: &Listed, is_root: bool) -> Result<Option<ImageVariant>, ContentError> {
    if !has_blob(paths, &image.descriptor.digest) {
        return Ok(None);
    }
    let manifest = read_manifest(paths, &image.descriptor)?;
    if !is_root && !has_blob(paths, &manifest.config.digest) {
        return Ok(None);
    }
    let config = read_config(paths, &manifest.config.digest)?;
    Ok(Some(ImageVariant {
        platform: platform_of(&config, image, &Platform::host()),
        descriptor: image.descriptor.clone(),
        manifest,
        config,
    }))
}
