//! `docker save` archives (moby `image/spec/v1.2.md`): uncompressed layers, one platform per image.

use std::collections::BTreeSet;
use std::io::{self, Read};

use container_oci::{Descriptor, Digest};

use super::stored::{self, StoredBlob};
use super::{OutgoingImage, Sink, Watch, WriteFailure};
use crate::archive::compression::unpacked;
use crate::archive::docker::Item;
use crate::archive::layout::MANIFEST_FILE;
use crate::content::{Hasher, StorePaths};
use crate::layer::LayerLimits;

/// Writes the images; a layer that several of them have is there once.
pub(crate) fn write_docker(
    sink: &mut dyn Sink,
    paths: &StorePaths,
    images: &[OutgoingImage],
    watch: &Watch,
) -> Result<(), WriteFailure> {
    let mut items: Vec<Item> = Vec::new();
    let mut written = BTreeSet::new();
    for image in images {
        let Some((manifest, config)) = &image.plain else {
            continue;
        };
        let mut layers = Vec::new();
        for (layer, diff_id) in manifest.layers.iter().zip(config.diff_ids()) {
            let name = format!("{}.tar", diff_id.hex());
            if written.insert(*diff_id) {
                write_layer(sink, paths, layer, diff_id, &name, watch)?;
            }
            layers.push(name);
        }
        let name = format!("{}.json", manifest.config.digest.hex());
        if written.insert(manifest.config.digest) {
            let mut blob = StoredBlob::open(paths, &manifest.config, watch)?;
            sink.file(&name, manifest.config.size_bytes, &mut blob)?;
        }
        Item::add(&mut items, name, layers, &image.reference);
    }
    sink.bytes(MANIFEST_FILE, &serde_json::to_vec(&items)?)
}

/// Unpacks the layer twice, because its size has to be known before its first byte is written: once to measure it, once for
/// the archive. The bytes are those of the diff id both times.
fn write_layer(
    sink: &mut dyn Sink,
    paths: &StorePaths,
    layer: &Descriptor,
    diff_id: &Digest,
    name: &str,
    watch: &Watch,
) -> Result<(), WriteFailure> {
    if layer.digest == *diff_id {
        let mut blob = StoredBlob::open(paths, layer, watch)?;
        return sink.file(name, layer.size_bytes, &mut blob);
    }
    let open = || unpacked(StoredBlob::open(paths, layer, watch)?).map_err(stored::failure);
    let size_bytes = measure(open()?, layer, diff_id)?;
    sink.file(name, size_bytes, &mut open()?)
}

fn measure(mut reader: impl Read, layer: &Descriptor, diff_id: &Digest) -> Result<u64, WriteFailure> {
    let limit_bytes = LayerLimits::default().uncompressed_bytes;
    let mut hasher = Hasher::new(diff_id.algorithm());
    let mut limited = reader.by_ref().take(limit_bytes + 1);
    let size_bytes = super::copy(&mut limited, |bytes| -> io::Result<()> {
        hasher.update(bytes);
        Ok(())
    })?;
    if size_bytes > limit_bytes {
        let blob = layer.digest;
        return Err(WriteFailure::TooLarge { blob, limit_bytes });
    }
    let actual = hasher.finish();
    if actual != *diff_id {
        let (blob, expected) = (layer.digest, *diff_id);
        return Err(WriteFailure::DiffId { blob, expected, actual });
    }
    Ok(size_bytes)
}
