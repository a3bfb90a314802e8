//! Making a layer's disk.

use std::fs::OpenOptions;
use std::io::Read;

use container_durable::sync_dir;
use container_oci::{Descriptor, Digest, LayerCompression};

use super::record::write_record;
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Session, StorePaths, is_full};
use crate::layer::{LayerError, write_layer_disk};

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
    reader: impl Read + Send,
) -> Result<LayerDisk, DiskError> {
    let compression = layer_compression(layer)?;
    let unfinished = session.file()?;
    let io_error = |action: &'static str| {
        let path = unfinished.clone();
        move |source| DiskError::Content(ContentError::io(action, &path, source))
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .map_err(io_error("create"))?;
    let written = write_layer_disk(reader, compression, diff_id.algorithm(), &file).map_err(|source| {
        let _ = std::fs::remove_file(&unfinished);
        match full_disk(&source) {
            true => DiskError::Content(ContentError::NoSpace {
                path: unfinished.clone(),
            }),
            false => DiskError::Unpack {
                blob: layer.digest,
                source,
            },
        }
    })?;
    if written.diff_id != *diff_id {
        let _ = std::fs::remove_file(&unfinished);
        return Err(DiskError::DiffIdMismatch {
            blob: layer.digest,
            expected: *diff_id,
            actual: written.diff_id,
        });
    }
    file.sync_data().map_err(io_error("sync"))?;
    let size_bytes = file.metadata().map_err(io_error("read"))?.len();

    // A disk of an older format goes first, so that the new record never describes the old disk.
    let path = paths.disk(diff_id);
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(io_error("replace")(source)),
        _ => {}
    }
    write_record(paths, diff_id, written.entries)?;
    std::fs::rename(&unfinished, &path).map_err(io_error("rename"))?;
    sync_dir(&paths.layer_dir()).map_err(ContentError::from)?;
    Ok(LayerDisk {
        diff_id: *diff_id,
        path,
        size_bytes,
        entries: written.entries,
    })
}

/// Whether somewhere below the error the system said that there is no room.
fn full_disk(error: &LayerError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(is_full) {
            return true;
        }
        cause = error.source();
    }
    false
}
