//! The two ways to make a disk.

use std::fs::File;
use std::io::Read;

use container_ext4::{Limits, Options, Writer};
use container_oci::{Algorithm, Digest, LayerCompression};

use super::apply::{Whiteouts, apply_layer};
use super::error::LayerError;
use super::options::DiskOptions;
use super::pipeline::run;
use super::scratch::unnamed_file;
use super::tar::TarReader;
use super::turn::Turn;
use crate::content::Hasher;

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
}

/// What several layers turned out to be, and their disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedDiskSummary {
    /// Digests of the uncompressed tars, lowest layer first.
    pub diff_ids: Vec<Digest>,
    /// Entries in all tars, whiteouts included.
    pub entries: u64,
    /// Size of the disk, holes included.
    pub disk_bytes: u64,
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
    // It outlives the writer, whose memory it is about.
    let mut turn = Turn::default();
    let mut writer = start(disk, options)?;
    let stream = run(layer, declared, algorithm, limits.uncompressed_bytes, |tar| {
        apply_layer(
            &mut TarReader::new(tar),
            &mut writer,
            Whiteouts::Keep,
            limits.whiteout_bytes,
            &mut turn,
        )
    })?;
    let written = writer.finish(uuid_of(stream.digest.as_bytes()))?;
    Ok(LayerDiskSummary {
        diff_id: stream.digest,
        compression: stream.compression,
        uncompressed_bytes: stream.uncompressed_bytes,
        entries: stream.walked,
        disk_bytes: written.disk_bytes,
    })
}

/// Puts layers, lowest first, on one disk in `disk`, an empty file. Their whiteouts are applied and do not appear. The file is not synced.
///
/// # Errors
/// Any [`LayerError`].
pub fn write_merged_disk<R: Read + Send>(
    layers: impl IntoIterator<Item = (R, LayerCompression)>,
    algorithm: Algorithm,
    disk: &File,
    options: &DiskOptions<'_>,
) -> Result<MergedDiskSummary, LayerError> {
    let limits = &options.limits;
    // It outlives the writer, whose memory it is about.
    let mut turn = Turn::default();
    let mut writer = start(disk, options)?;
    let mut diff_ids = Vec::new();
    let mut entries = 0;
    let mut chain = Hasher::new(Algorithm::Sha256);
    for (layer, declared) in layers {
        writer.begin_layer()?;
        let stream = run(layer, declared, algorithm, limits.uncompressed_bytes, |tar| {
            apply_layer(
                &mut TarReader::new(tar),
                &mut writer,
                Whiteouts::Resolve,
                limits.whiteout_bytes,
                &mut turn,
            )
        })?;
        chain.update(stream.digest.as_bytes());
        diff_ids.push(stream.digest);
        entries += stream.walked;
    }
    let written = writer.finish(uuid_of(chain.finish().as_bytes()))?;
    Ok(MergedDiskSummary {
        diff_ids,
        entries,
        disk_bytes: written.disk_bytes,
    })
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
