//! What the store remembers of a layer disk.

use std::io;
use std::path::Path;

use container_durable::{Record, RecordBody, read_record, write_record as write_durably};
use container_model::Layer;
use container_oci::Digest;
use serde::{Deserialize, Serialize};

use super::{DiskError, LayerDisk};
use crate::content::{ContentError, StorePaths};
use crate::layer::Stacking;

/// Version of the disks: raised when disks made before must be made again.
const DISK_FORMAT: u32 = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DiskRecord {
    /// The diff id, the chain id of several layers, or the id of a cover.
    pub(super) id: Digest,
    /// The layers that are on the disk or below it, lowest first.
    diff_ids: Vec<Digest>,
    disk_format: u32,
    pub(super) entries: u64,
    #[serde(default)]
    pub(super) stacking: Stacking,
    /// Of a cover: how many of the lowest layers have to be on one disk instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) merge: Option<usize>,
}

impl RecordBody for DiskRecord {
    const VERSION: u32 = 1;
}

impl DiskRecord {
    /// `diff_ids` are those of the layers on the disk or below it, lowest first.
    pub(super) fn new(layer: &Layer, diff_ids: Vec<Digest>, entries: u64, stacking: Stacking) -> Self {
        Self {
            id: *layer.disk_id(),
            diff_ids,
            disk_format: DISK_FORMAT,
            entries,
            stacking,
            merge: None,
        }
    }
}

/// The disk of a layer, of merged ones, or the cover of a stack, if it has been made in the current format.
pub(crate) fn find_disk(paths: &StorePaths, layer: Layer) -> Result<Option<LayerDisk>, DiskError> {
    let id = layer.disk_id();
    let path = paths.disk(id);
    let size_bytes = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ContentError::io("read", &path, source).into()),
    };
    let record = match read_record::<DiskRecord>(&paths.disk_record(id)) {
        Ok(Some(record)) => record.body,
        // The record says only what unpacking the layer finds out again, so a lost or damaged one means only that the disk is made again.
        Ok(None) => return Ok(None),
        Err(error) if error.is_damage() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if record.id != *id || record.disk_format != DISK_FORMAT {
        return Ok(None);
    }
    Ok(Some(LayerDisk {
        layer,
        path,
        size_bytes,
        entries: record.entries,
        stacking: record.stacking,
        merge: record.merge,
    }))
}

/// Writes the record of a disk that is about to get its name, to `path` in the directory of a session, from where it is renamed. Were it written
/// beside the disk, a killed writer would leave a temporary file that cannot be told from one in use.
pub(super) fn write_record(path: &Path, record: &DiskRecord) -> Result<(), DiskError> {
    write_durably(path, &Record::new(record.clone())).map_err(|error| {
        crate::content::full_disk(&error, path).map_or_else(|| DiskError::Record(error), DiskError::Content)
    })
}
