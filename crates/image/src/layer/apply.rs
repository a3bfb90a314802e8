//! From tar entries to entries of the disk.

use std::io::{BufRead, Seek, Write};

use container_ext4::{DeviceNumber, Metadata, Timestamp, WriteError, Writer, Xattr};
use container_tar::{Entry, EntryKind, Piece, Reader};

use super::error::LayerError;
use super::turn::Turn;
use super::whiteout::Hidden;

/// Attributes with which overlayfs would take a layer's content for its own notes.
const OVERLAY_XATTRS: &[u8] = b"trusted.overlay.";

/// What has been put on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Applied {
    /// Entries of the tar.
    pub(super) entries: u64,
    /// Whether the layer hides everything below it.
    pub(super) is_root_opaque: bool,
}

/// Puts a layer on the disk, its whiteouts in the form of overlayfs.
pub(super) fn apply_layer<R: BufRead, W: Write + Seek>(
    tar: &mut Reader<R>,
    disk: &mut Writer<W>,
    max_whiteout_bytes: u64,
    turn: &mut Turn,
) -> Result<Applied, LayerError> {
    let mut hidden = Hidden::new(max_whiteout_bytes);
    let mut entries = 0;
    while let Some(entry) = tar.next_entry()? {
        entries += 1;
        turn.count();
        if !hidden.takes(&entry.path)? {
            add_entry(tar, disk, entry)?;
        }
    }
    let is_root_opaque = hidden.keep(disk)?;
    Ok(Applied {
        entries,
        is_root_opaque,
    })
}

fn add_entry<R: BufRead, W: Write + Seek>(
    tar: &mut Reader<R>,
    disk: &mut Writer<W>,
    entry: Entry,
) -> Result<(), LayerError> {
    let path = entry.path;
    let xattrs = entry.xattrs.into_iter().filter(|(name, _)| is_kept(name));
    let metadata = Metadata {
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        modified: Timestamp {
            seconds: entry.modified.seconds,
            nanoseconds: entry.modified.nanoseconds,
        },
        xattrs: xattrs.map(|(name, value)| Xattr { name, value }).collect(),
    };
    match entry.kind {
        EntryKind::File { size_bytes, regions } => {
            let mut file = disk.file(&path, metadata)?;
            tar.each_piece(size_bytes, regions.as_deref(), |piece| match piece {
                Piece::Hole(length) => Ok(file.skip(length)?),
                Piece::Bytes(bytes) => Ok::<_, LayerError>(file.append(bytes)?),
            })?;
            file.finish()?;
        }
        EntryKind::HardLink { target } => match disk.hard_link(&path, &target) {
            // The layers below may have it.
            Err(WriteError::LinkTargetMissing { .. }) => disk.link_elsewhere(&path, &target)?,
            linked => linked?,
        },
        EntryKind::Symlink { target } => disk.symlink(&path, &target, metadata)?,
        EntryKind::Directory => disk.directory(&path, metadata)?,
        EntryKind::CharacterDevice(device) => disk.character_device(&path, number(device), metadata)?,
        EntryKind::BlockDevice(device) => disk.block_device(&path, number(device), metadata)?,
        EntryKind::Fifo => disk.fifo(&path, metadata)?,
    }
    Ok(())
}

fn number(device: container_tar::DeviceNumber) -> DeviceNumber {
    DeviceNumber {
        major: device.major,
        minor: device.minor,
    }
}

/// Whether an attribute goes to the disk. Others are left out, as the extraction by a kernel would leave them out.
fn is_kept(name: &[u8]) -> bool {
    Xattr::is_supported(name) && !name.starts_with(OVERLAY_XATTRS)
}
