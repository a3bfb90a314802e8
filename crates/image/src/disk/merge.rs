//! Making one disk of several layers, for images with more layers than a machine has disks.

use std::fs::File;
use std::io::{self, Read};

use container_oci::{Algorithm, Descriptor, Digest};

use super::make::{full_disk, layer_compression, with_fitting_blocks};
use super::record::DiskRecord;
use super::unfinished::Unfinished;
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Session, StorePaths, open_blob};
use crate::layer::write_merged_disk;

/// Unpacks the blobs of `layers`, lowest first and with their diff ids, onto the disk of `chain_id`. The caller holds the disk's lock.
pub(crate) fn make_merged_disk(
    paths: &StorePaths,
    session: &Session,
    chain_id: &Digest,
    layers: &[(Descriptor, Digest)],
) -> Result<LayerDisk, DiskError> {
    let mut readers = Vec::with_capacity(layers.len());
    for (layer, _) in layers {
        readers.push((layer.digest, layer_compression(layer)?));
    }
    let mut unfinished = Unfinished::create(session)?;
    let written = with_fitting_blocks(&mut unfinished, |unfinished, options, _| {
        let blobs = readers.iter().map(|(digest, compression)| {
            let blob = LazyBlob {
                paths,
                digest: *digest,
                file: None,
            };
            (blob, *compression)
        });
        write_merged_disk(blobs, Algorithm::Sha256, &unfinished.file, options)
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
    for ((layer, expected), actual) in layers.iter().zip(&written.diff_ids) {
        if expected != actual {
            return Err(DiskError::DiffIdMismatch {
                blob: layer.digest,
                expected: *expected,
                actual: *actual,
            });
        }
    }
    let diff_ids = layers.iter().map(|(_, diff_id)| *diff_id).collect();
    unfinished.publish(paths, DiskRecord::of_chain(*chain_id, diff_ids, written.entries))
}

/// Opens a blob when it is read: there may be more of them than a process may have files open.
struct LazyBlob<'a> {
    paths: &'a StorePaths,
    digest: Digest,
    file: Option<File>,
}

impl Read for LazyBlob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = open_blob(self.paths, &self.digest).map_err(io::Error::other)?;
                self.file.insert(file)
            }
        };
        file.read(buffer)
    }
}
