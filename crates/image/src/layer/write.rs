//! The ways to make a disk.

use std::fs::File;
use std::io::{self, Read};

use container_ext4::{Limits, Metadata, Options, Reader, WriteError, Writer};
use container_oci::{Algorithm, Digest, LayerCompression};

use super::apply::apply_layer;
use super::error::LayerError;
use super::options::DiskOptions;
use super::pipeline::run;
use super::scratch::unnamed_file;
use super::stacking::Stacking;
use super::turn::Turn;

/// What a layer turned out to be, and its disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerDiskSummary {
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// How the layer was really compressed.
    pub compression: LayerCompression,
    /// Size of the tar.
    pub uncompressed_bytes: u64,
    /// Entries in the tar, whiteouts included.
    pub entries: u64,
    /// Size of the disk, holes included.
    pub disk_bytes: u64,
    /// What a stack has to know of the layer.
    pub stacking: Stacking,
}

/// Several layers on one disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedDiskSummary {
    /// Files, directories, links and the like on the disk.
    pub entries: u64,
    /// Size of the disk, holes included.
    pub disk_bytes: u64,
    /// What a stack has to know of it.
    pub stacking: Stacking,
}

/// Makes the disk of one layer in `disk`, an empty file. The file is not synced.
///
/// `declared` is what the media type says; what counts is how the bytes start. The caller compares the digest with what the image promises.
///
/// # Errors
/// Any [`LayerError`].
pub fn write_layer_disk(
    layer: impl Read + Send,
    declared: LayerCompression,
    algorithm: Algorithm,
    disk: &File,
    options: &DiskOptions<'_>,
) -> Result<LayerDiskSummary, LayerError> {
    let limits = &options.limits;
    // The turn lasts longer than the writer, whose memory it bounds.
    let mut turn = Turn::default();
    let mut writer = start(disk, options)?;
    let ticket = turn.ticket();
    let stream = run(layer, declared, algorithm, limits.uncompressed_bytes, ticket, |tar| {
        apply_layer(
            &mut container_tar::Reader::new(tar),
            &mut writer,
            limits.whiteout_bytes,
            &mut turn,
        )
    })?;
    let written = writer.finish(uuid_of(stream.digest.as_bytes()))?;
    Ok(LayerDiskSummary {
        diff_id: stream.digest,
        compression: stream.compression,
        uncompressed_bytes: stream.uncompressed_bytes,
        entries: stream.walked.entries,
        disk_bytes: written.disk_bytes,
        stacking: Stacking::of(&written, stream.walked.is_root_opaque),
    })
}

/// Puts layers, lowest first and as [`write_layer_disk`] made their disks, on one disk in `disk`, an empty file. It shows what the stacked disks would show
/// ([`Writer::lay`]). `id` names the result. The file is not synced.
///
/// # Errors
/// [`LayerError::Read`] from `layers`, [`LayerError::Disk`], [`LayerError::Scratch`].
pub fn write_merged_disk(
    layers: impl IntoIterator<Item = io::Result<File>>,
    id: &Digest,
    disk: &File,
    options: &DiskOptions<'_>,
) -> Result<MergedDiskSummary, LayerError> {
    let mut writer = start(disk, options)?;
    for layer in layers {
        let layer = Reader::open(layer.map_err(LayerError::Read)?).map_err(WriteError::Layer)?;
        writer.lay(&layer)?;
    }
    let written = writer.finish(uuid_of(id.as_bytes()))?;
    Ok(MergedDiskSummary {
        entries: written.inodes.into(),
        disk_bytes: written.disk_bytes,
        stacking: Stacking::of(&written, false),
    })
}

/// Makes a disk of directories only, which are given each after its parent. `id` names it. The file is not synced.
///
/// # Errors
/// [`LayerError::Disk`], [`LayerError::Scratch`].
pub fn write_directories_disk(
    directories: &[(Vec<u8>, Metadata)],
    id: &Digest,
    disk: &File,
    options: &DiskOptions<'_>,
) -> Result<(), LayerError> {
    let mut writer = start(disk, options)?;
    for (path, metadata) in directories {
        writer.directory(path, metadata.clone())?;
    }
    writer.finish(uuid_of(id.as_bytes()))?;
    Ok(())
}

fn start<'a>(disk: &'a File, options: &DiskOptions<'_>) -> Result<Writer<&'a File>, LayerError> {
    let scratch = unnamed_file(options.scratch_dir).map_err(|source| LayerError::Scratch {
        directory: options.scratch_dir.to_owned(),
        source,
    })?;
    let limits = Limits {
        entries: options.limits.entries,
        retained_bytes: options.limits.retained_bytes,
    };
    let options = Options {
        block_size: options.block_size,
        limits,
        ..Options::default()
    };
    Ok(Writer::new(disk, scratch, options)?)
}

/// A UUID of version 8 (RFC 9562) from the start of a digest, so that equal content gives equal bytes.
fn uuid_of(digest: &[u8]) -> [u8; 16] {
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&digest[..16]);
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}
