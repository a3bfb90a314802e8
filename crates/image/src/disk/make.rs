//! Making a layer's disk.

use container_model::Layer;
use container_oci::{Descriptor, Digest, LayerCompression, MediaTypeKind as _};

use super::record::DiskRecord;
use super::unfinished::Unfinished;
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Restart, Session, StorePaths, is_full};
use crate::layer::{BlockSize, DiskOptions, LayerError, write_layer_disk};

/// The compression of a layer, from its media type.
pub(crate) fn layer_compression(layer: &Descriptor) -> Result<LayerCompression, DiskError> {
    let error = || DiskError::MediaType {
        blob: layer.digest,
        media_type: layer.media_type.clone(),
    };
    layer.media_type.layer_compression().ok_or_else(error)
}

/// Unpacks `reader`, the bytes of the blob `layer`, onto the disk of `diff_id`. The caller holds the disk's lock.
pub(crate) fn make_disk(
    paths: &StorePaths,
    session: &Session,
    layer: &Descriptor,
    diff_id: &Digest,
    mut reader: impl Restart + Send,
) -> Result<LayerDisk, DiskError> {
    let compression = layer_compression(layer)?;
    let mut unfinished = Unfinished::create(session)?;
    let written = with_fitting_blocks(&mut unfinished, |unfinished, options, again| {
        if again {
            reader.restart().map_err(LayerError::Read)?;
        }
        write_layer_disk(&mut reader, compression, diff_id.algorithm(), &unfinished.file, options)
    });
    let written = written.map_err(|source| match full_disk(&source) {
        true => DiskError::Content(ContentError::NoSpace {
            path: unfinished.path.clone(),
        }),
        false => DiskError::Unpack {
            blob: layer.digest,
            source,
        },
    })?;
    if written.diff_id != *diff_id {
        return Err(DiskError::DiffIdMismatch {
            blob: layer.digest,
            expected: *diff_id,
            actual: written.diff_id,
        });
    }
    let layer = Layer::Single { diff_id: *diff_id };
    let record = DiskRecord::new(&layer, vec![*diff_id], written.entries, written.stacking);
    unfinished.publish(paths, layer, record)
}

/// Writes a disk with small blocks, and once more from the start with large ones in the rare case that a layer needs them.
pub(super) fn with_fitting_blocks<T>(
    unfinished: &mut Unfinished,
    mut write: impl FnMut(&Unfinished, &DiskOptions<'_>, bool) -> Result<T, LayerError>,
) -> Result<T, LayerError> {
    let directory = unfinished.directory().to_owned();
    let mut options = DiskOptions::new(&directory);
    match write(unfinished, &options, false) {
        Err(error) if error.needs_larger_blocks() => {
            tracing::debug!(%error, "the layer needs large blocks");
            unfinished.restart().map_err(|source| LayerError::Disk(source.into()))?;
            options.block_size = BlockSize::Kib4;
            write(unfinished, &options, true)
        }
        written => written,
    }
}

/// Whether somewhere below the error the system said that there is no room.
pub(super) fn full_disk(error: &LayerError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(is_full) {
            return true;
        }
        cause = error.source();
    }
    false
}
