//! The images behind a name: one manifest, or those of an index.

use container_oci::{
    CONFIG_LIMIT_BYTES, Descriptor, Digest, Document, ImageConfig, MANIFEST_LIMIT_BYTES, Manifest, MediaType, Platform,
};

use crate::content::{ContentError, StorePaths, has_blob, read_blob};

/// One image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageVariant {
    /// What it runs on, as its configuration says.
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

/// Reads the image whose manifest is `manifest`.
pub(super) fn read_variant(
    paths: &StorePaths,
    descriptor: Descriptor,
    manifest: Manifest,
) -> Result<ImageVariant, ContentError> {
    let config = read_config(paths, &manifest.config.digest)?;
    Ok(ImageVariant {
        platform: config.platform.clone(),
        descriptor,
        manifest,
        config,
    })
}

/// Reads the images behind `descriptor` whose manifest and configuration are here.
pub(super) fn read_variants(paths: &StorePaths, descriptor: &Descriptor) -> Result<Vec<ImageVariant>, ContentError> {
    let found = variants(paths, descriptor)?;
    found.into_iter().filter_map(Result::transpose).collect()
}

/// Like [`read_variants`], but leaves out what is damaged; `on_damage` hears of it.
pub(super) fn read_undamaged(
    paths: &StorePaths,
    descriptor: &Descriptor,
    on_damage: impl Fn(ContentError),
) -> Vec<ImageVariant> {
    match variants(paths, descriptor) {
        Ok(found) => {
            let undamaged = |variant: Result<_, _>| {
                variant.unwrap_or_else(|error| {
                    on_damage(error);
                    None
                })
            };
            found.into_iter().filter_map(undamaged).collect()
        }
        Err(error) => {
            on_damage(error);
            Vec::new()
        }
    }
}

/// The images behind `descriptor`: each as it is, `None` where its documents are not here.
fn variants(
    paths: &StorePaths,
    descriptor: &Descriptor,
) -> Result<Vec<Result<Option<ImageVariant>, ContentError>>, ContentError> {
    let of_index = |image: &Descriptor| {
        if !has_blob(paths, &image.digest) {
            return Ok(None);
        }
        match read_document(paths, &image.digest, Some(&image.media_type))? {
            Document::Manifest(manifest) if has_blob(paths, &manifest.config.digest) => {
                read_variant(paths, image.clone(), *manifest).map(Some)
            }
            _ => Ok(None),
        }
    };
    match read_document(paths, &descriptor.digest, Some(&descriptor.media_type))? {
        Document::Manifest(manifest) => Ok(vec![read_variant(paths, descriptor.clone(), *manifest).map(Some)]),
        Document::Index(index) => Ok(index.images().map(of_index).collect()),
    }
}
