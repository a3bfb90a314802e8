//! OCI layouts (image-spec `image-layout.md`).

use std::collections::BTreeSet;

use container_oci::{Descriptor, Index, annotation};

use super::stored::StoredBlob;
use super::{OutgoingImage, Sink, Watch, WriteFailure};
use crate::archive::docker::Item;
use crate::archive::layout::{INDEX_FILE, LAYOUT_FILE, LAYOUT_MARK, MANIFEST_FILE, blob_name};
use crate::archive::name;
use crate::content::StorePaths;

/// Writes the images as an OCI layout. With `is_tar` it also has Docker's `manifest.json`, so that everything that reads
/// `docker save` archives can read it.
pub(crate) fn write_oci(
    sink: &mut dyn Sink,
    paths: &StorePaths,
    images: &[OutgoingImage],
    is_tar: bool,
    watch: &Watch,
) -> Result<(), WriteFailure> {
    sink.bytes(LAYOUT_FILE, LAYOUT_MARK)?;
    let index = Index::new(images.iter().map(listed).collect());
    sink.bytes(INDEX_FILE, &serde_json::to_vec(&index)?)?;
    if is_tar {
        sink.bytes(MANIFEST_FILE, &serde_json::to_vec(&items(images))?)?;
    }
    let mut written = BTreeSet::new();
    for part in images.iter().flat_map(|image| &image.parts) {
        if written.insert(part.digest) {
            let mut blob = StoredBlob::open(paths, part, watch)?;
            sink.file(&blob_name(&part.digest), part.size_bytes, &mut blob)?;
        }
    }
    Ok(())
}

/// The image's descriptor with its name, the way containerd and Docker, and skopeo and podman, look for it.
fn listed(image: &OutgoingImage) -> Descriptor {
    let mut descriptor = image.root.clone();
    if !name::is_untagged(&image.reference) {
        let full = image.reference.to_string();
        for key in [annotation::IMAGE_NAME, annotation::REF_NAME] {
            descriptor.annotations.insert(key.to_owned(), full.clone());
        }
    }
    descriptor
}

/// What a reader of `docker save` archives finds.
fn items(images: &[OutgoingImage]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for image in images {
        // A layer that is elsewhere cannot be left out there.
        let Some((manifest, _)) = &image.plain else { continue };
        let layers = manifest.layers.iter().map(|layer| blob_name(&layer.digest)).collect();
        Item::add(&mut items, blob_name(&manifest.config.digest), layers, &image.reference);
    }
    items
}
