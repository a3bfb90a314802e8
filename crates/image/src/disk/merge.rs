//! Making one disk of several layers: for images with more layers than a machine has disks, and for layers that cannot be stacked.

use std::fs::File;

use container_ext4::ReadError;
use container_model::Layer;
use container_oci::Digest;

use super::make::{full_disk, with_fitting_blocks};
use super::record::DiskRecord;
use super::unfinished::Unfinished;
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Session, StorePaths};
use crate::layer::write_merged_disk;

/// Lays the disks of `layers`, lowest first, on the disk of `chain_id`. The caller holds the disk's lock.
pub(crate) fn make_merged_disk(
    paths: &StorePaths,
    session: &Session,
    chain_id: &Digest,
    layers: &[LayerDisk],
) -> Result<LayerDisk, DiskError> {
    let mut unfinished = Unfinished::create(session)?;
    let written = with_fitting_blocks(&mut unfinished, |unfinished, options, _| {
        // Opened one after the other: there may be more of them than a process may have files open.
        let disks = layers.iter().map(|layer| File::open(&layer.path));
        write_merged_disk(disks, chain_id, &unfinished.file, options)
    });
    let written = written.map_err(|source| match full_disk(&source) {
        true => DiskError::Content(ContentError::NoSpace {
            path: unfinished.path.clone(),
        }),
        false => DiskError::Merge {
            layers: layers.len(),
            source,
        },
    })?;
    let diff_ids = layers.iter().map(|layer| *layer.id()).collect();
    let layer = Layer::Merged { chain_id: *chain_id };
    let record = DiskRecord::new(&layer, diff_ids, written.entries, written.stacking);
    unfinished.publish(paths, layer, record)
}

/// The error for a lowest layer with hard links to lower layers, of which there are none.
pub(crate) fn missing_below(session: &Session, base: &LayerDisk) -> Result<DiskError, DiskError> {
    let mut unfinished = Unfinished::create(session)?;
    let written = with_fitting_blocks(&mut unfinished, |unfinished, options, _| {
        write_merged_disk([File::open(&base.path)], base.id(), &unfinished.file, options)
    });
    Ok(match written {
        Err(source) => DiskError::Merge { layers: 1, source },
        Ok(_) => DiskError::Stack {
            disk: *base.id(),
            source: ReadError::Damaged {
                what: "its record says more than there is",
            },
        },
    })
}
