//! From tar entries to entries of the disk, whiteouts included (image-spec `layer.md`, "Whiteouts").

use std::io::{BufRead, Seek, Write};

use container_ext4::{DeviceNumber, EntryKind as Existing, FileWriter, Metadata, Writer, Xattr};

use super::error::LayerError;
use super::tar::{Entry, EntryKind, Region, TarReader};

/// image-spec `layer.md`: the prefix of whiteouts.
const WHITEOUT_PREFIX: &[u8] = b".wh.";
/// The name of an opaque whiteout, and the prefix of AUFS's own files, which mean nothing here.
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";
const AUFS_PREFIX: &[u8] = b".wh..wh.";
/// How overlayfs marks a directory that hides those below it.
const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";
/// Attributes with which overlayfs would take a layer's content for its own notes.
const OVERLAY_XATTRS: &[u8] = b"trusted.overlay.";

/// What becomes of whiteouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whiteouts {
    /// They are written in the form of overlayfs.
    Keep,
    /// They remove what earlier layers put on the same disk.
    Resolve,
}

/// The whiteouts of one layer. They are applied after its last entry: they never concern what is in their own layer, wherever they stand in it.
#[derive(Debug, Default)]
struct Hidden {
    paths: Vec<Vec<u8>>,
    directories: Vec<Vec<u8>>,
    bytes: u64,
}

/// Puts one layer on the disk. Returns the number of its entries.
pub(super) fn apply_layer<R: BufRead, W: Write + Seek>(
    tar: &mut TarReader<R>,
    disk: &mut Writer<W>,
    whiteouts: Whiteouts,
    max_whiteout_bytes: u64,
) -> Result<u64, LayerError> {
    let mut hidden = Hidden::default();
    let mut entries = 0;
    while let Some(entry) = tar.next_entry()? {
        entries += 1;
        if hidden.takes(&entry.path)? {
            if hidden.bytes > max_whiteout_bytes {
                return Err(LayerError::TooManyWhiteouts);
            }
            continue;
        }
        add_entry(tar, disk, entry)?;
    }
    match whiteouts {
        Whiteouts::Keep => hidden.keep(disk)?,
        Whiteouts::Resolve => hidden.resolve(disk)?,
    }
    Ok(entries)
}

fn add_entry<R: BufRead, W: Write + Seek>(
    tar: &mut TarReader<R>,
    disk: &mut Writer<W>,
    entry: Entry,
) -> Result<(), LayerError> {
    let path = entry.path;
    let xattrs = entry.xattrs.into_iter().filter(|(name, _)| is_kept(name));
    let metadata = Metadata {
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        modified: entry.modified,
        xattrs: xattrs.map(|(name, value)| Xattr { name, value }).collect(),
    };
    match entry.kind {
        EntryKind::File { regions: None, .. } => {
            let mut file = disk.file(&path, metadata)?;
            copy_content(tar, &mut file, u64::MAX)?;
            file.finish()?;
        }
        EntryKind::File {
            size_bytes,
            regions: Some(regions),
        } => {
            let mut file = disk.file(&path, metadata)?;
            let mut at = 0;
            for Region { offset, length } in regions {
                file.skip(offset - at)?;
                copy_content(tar, &mut file, length)?;
                at = offset + length;
            }
            file.skip(size_bytes - at)?;
            file.finish()?;
        }
        EntryKind::HardLink { target } => disk.hard_link(&path, &target)?,
        EntryKind::Symlink { target } => disk.symlink(&path, &target, metadata)?,
        EntryKind::Directory => disk.directory(&path, metadata)?,
        EntryKind::CharacterDevice(device) => disk.character_device(&path, device, metadata)?,
        EntryKind::BlockDevice(device) => disk.block_device(&path, device, metadata)?,
        EntryKind::Fifo => disk.fifo(&path, metadata)?,
    }
    Ok(())
}

/// Copies content until its end or until `length` bytes are copied.
fn copy_content<R: BufRead, W: Write + Seek>(
    tar: &mut TarReader<R>,
    file: &mut FileWriter<'_, W>,
    mut length: u64,
) -> Result<(), LayerError> {
    while length > 0 {
        let bytes = tar.content()?;
        if bytes.is_empty() {
            break;
        }
        let taken = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
        file.append(&bytes[..taken])?;
        tar.consume(taken);
        length -= taken as u64;
    }
    Ok(())
}

/// Whether an attribute goes to the disk. Others are left out, as the extraction by a kernel would leave them out.
fn is_kept(name: &[u8]) -> bool {
    Xattr::is_supported(name) && !name.starts_with(OVERLAY_XATTRS)
}

impl Hidden {
    /// Whether `path` is a whiteout, which is then remembered, or AUFS's own.
    fn takes(&mut self, path: &[u8]) -> Result<bool, LayerError> {
        let trimmed = path.strip_suffix(b"/").unwrap_or(path);
        let start = trimmed
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |slash| slash + 1);
        let (parent, name) = trimmed.split_at(start);
        if parent
            .split(|byte| *byte == b'/')
            .any(|part| part.starts_with(AUFS_PREFIX))
        {
            return Ok(true);
        }
        let Some(rest) = name.strip_prefix(WHITEOUT_PREFIX) else {
            return Ok(false);
        };
        if name == OPAQUE_NAME {
            self.directories.push(parent.to_vec());
        } else if !name.starts_with(AUFS_PREFIX) {
            if matches!(rest, b"" | b"." | b"..") {
                return Err(LayerError::InvalidWhiteout { path: path.to_vec() });
            }
            self.paths.push([parent, rest].concat());
        }
        self.bytes += path.len() as u64 + 24;
        Ok(true)
    }

    /// Writes the whiteouts for overlayfs. A name that the layer has itself hides those below anyway; a directory does so when it is opaque.
    fn keep<W: Write + Seek>(mut self, disk: &mut Writer<W>) -> Result<(), LayerError> {
        for path in self.paths {
            match disk.entry_kind(&path) {
                Ok(None) => {
                    let nothing = DeviceNumber { major: 0, minor: 0 };
                    disk.character_device(&path, nothing, Metadata::default())?;
                }
                Ok(Some(Existing::Directory)) => self.directories.push(path),
                // Something of this layer is in the way already, so nothing below it shows.
                Ok(Some(Existing::Other)) | Err(container_ext4::WriteError::NotADirectory { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for path in self.directories {
            match disk.entry_kind(&path) {
                Ok(None) => disk.directory(&path, Metadata::implied_directory())?,
                Ok(Some(Existing::Directory)) => {}
                Ok(Some(Existing::Other)) | Err(container_ext4::WriteError::NotADirectory { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
            disk.set_xattr(
                &path,
                Xattr {
                    name: OPAQUE_XATTR.to_vec(),
                    value: b"y".to_vec(),
                },
            )?;
        }
        Ok(())
    }

    /// Removes what earlier layers put on the disk.
    fn resolve<W: Write + Seek>(self, disk: &mut Writer<W>) -> Result<(), LayerError> {
        for path in self.paths {
            disk.remove_earlier(&path)?;
        }
        for path in self.directories {
            disk.remove_earlier_children(&path)?;
        }
        Ok(())
    }
}
