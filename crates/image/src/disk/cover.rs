//! Making the cover of a stack.

use std::fs::File;

use container_ext4::Reader;
use container_model::Layer;
use container_oci::Digest;

use super::look::{Look, look};
use super::make::{full_disk, with_fitting_blocks};
use super::record::DiskRecord;
use super::unfinished::Unfinished;
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Session, StorePaths};
use crate::layer::{Stacking, write_directories_disk};

/// Looks into the stack of `disks`, the first of which holds the lowest `merged` layers (0 when it is one layer's), and makes its cover: a disk with the directories
/// that the stack would otherwise show wrongly. It is empty where there are none, and where layers have to be merged, as its record then says. The caller holds the
/// disk's lock.
pub(crate) fn make_cover(
    paths: &StorePaths,
    session: &Session,
    id: &Digest,
    merged: usize,
    disks: &[LayerDisk],
) -> Result<LayerDisk, DiskError> {
    let failed = |disk: &LayerDisk| {
        let disk = *disk.id();
        move |source| DiskError::Stack { disk, source }
    };
    let mut stack = Vec::with_capacity(disks.len());
    for disk in disks {
        let file = File::open(&disk.path).map_err(|source| ContentError::io("open", &disk.path, source))?;
        stack.push((Reader::open(file).map_err(failed(disk))?, disk.stacking));
    }
    let (directories, merge) = match look(&stack).map_err(|(index, source)| failed(&disks[index])(source))? {
        Look::Directories(directories) => (directories, None),
        // The first disk counts for all the layers that are on it.
        Look::Merge(lowest) => (Vec::new(), Some(lowest - 1 + merged.max(1))),
    };
    let mut unfinished = Unfinished::create(session)?;
    let written = with_fitting_blocks(&mut unfinished, |unfinished, options, _| {
        write_directories_disk(&directories, id, &unfinished.file, options)
    });
    written.map_err(|source| match full_disk(&source) {
        true => DiskError::Content(ContentError::NoSpace {
            path: unfinished.path.clone(),
        }),
        false => DiskError::Merge {
            layers: disks.len(),
            source,
        },
    })?;
    let diff_ids = disks.iter().map(|disk| *disk.id()).collect();
    let layer = Layer::Cover { cover_id: *id };
    let mut record = DiskRecord::new(&layer, diff_ids, directories.len() as u64, Stacking::default());
    record.merge = merge;
    unfinished.publish(paths, layer, record)
}
