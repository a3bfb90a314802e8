//! OCI layouts (image-spec `image-layout.md`).

use container_oci::{Descriptor, Document, DocumentError, ImageConfig, Index, Manifest};

use super::layout::{INDEX_FILE, blob_name};
use super::members::Members;
use super::{ArchiveError, ArchiveImage, name};

/// The images that `index.json` lists.
pub(super) fn images(members: &Members, stem: Option<&str>) -> Result<Vec<ArchiveImage>, ArchiveError> {
    let index = match parse(members, INDEX_FILE, None)? {
        Document::Index(index) => index,
        Document::Manifest(_) => return Err(wrong_kind(INDEX_FILE)),
    };
    let listed = index.manifests.iter().filter(|descriptor| !descriptor.is_attestation());
    listed.map(|descriptor| image(members, descriptor, stem)).collect()
}

fn image(members: &Members, listed: &Descriptor, stem: Option<&str>) -> Result<ArchiveImage, ArchiveError> {
    let reference = name::of_descriptor(listed, stem)?;
    let name = blob_name(&listed.digest);
    members
        .blob(&listed.digest, Some(listed.size_bytes))?
        .ok_or_else(|| missing(&name))?;
    let variants = match parse(members, &name, Some(listed))? {
        Document::Manifest(manifest) => {
            let config = complete(members, &name, &manifest)?;
            vec![(listed.clone(), *manifest, config)]
        }
        Document::Index(index) => of_index(members, &index, &name)?,
    };
    // The name is the catalog's business; what is stored is the bare descriptor.
    let mut descriptor = Descriptor::new(listed.media_type.as_str(), listed.digest, listed.size_bytes);
    descriptor.platform.clone_from(&listed.platform);
    Ok(ArchiveImage {
        reference,
        descriptor,
        variants,
    })
}

/// The complete images of an index. `docker save` keeps the index whole and leaves out other platforms' content, so some may
/// be missing, but not all.
fn of_index(members: &Members, index: &Index, index_name: &str) -> Result<Vec<Variant>, ArchiveError> {
    let mut variants = Vec::new();
    let mut lack = None;
    for image in index.images() {
        match variant(members, image) {
            Ok(variant) => variants.push(variant),
            Err(error @ ArchiveError::Missing { .. }) => lack = Some(error),
            Err(error) => return Err(error),
        }
    }
    match (variants.is_empty(), lack) {
        (true, Some(lack)) => Err(lack),
        (true, None) => Err(missing(&format!("image in {index_name}"))),
        (false, _) => Ok(variants),
    }
}

type Variant = (Descriptor, Manifest, ImageConfig);

fn variant(members: &Members, image: &Descriptor) -> Result<Variant, ArchiveError> {
    let name = blob_name(&image.digest);
    members
        .blob(&image.digest, Some(image.size_bytes))?
        .ok_or_else(|| missing(&name))?;
    match parse(members, &name, Some(image))? {
        Document::Manifest(manifest) => {
            let config = complete(members, &name, &manifest)?;
            Ok((image.clone(), *manifest, config))
        }
        Document::Index(_) => Err(wrong_kind(&name)),
    }
}

/// Checks that everything the manifest names is there and right; returns the configuration.
fn complete(members: &Members, name: &str, manifest: &Manifest) -> Result<ImageConfig, ArchiveError> {
    for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
        let found = members.blob(&part.digest, Some(part.size_bytes))?;
        found.ok_or_else(|| missing(&blob_name(&part.digest)))?;
    }
    let config_name = blob_name(&manifest.config.digest);
    let config = ImageConfig::parse(&members.bytes(&config_name)?).map_err(|source| ArchiveError::Document {
        name: config_name,
        source,
    })?;
    let (layers, diff_ids) = (manifest.layers.len(), config.diff_ids().len());
    if layers != diff_ids {
        return Err(ArchiveError::LayerCount {
            name: name.to_owned(),
            layers,
            diff_ids,
        });
    }
    Ok(config)
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
