//! Whiteouts (image-spec `layer.md`, "Whiteouts").
//!
//! They are written after their layer's last entry, because they hide entries of lower layers only, wherever they stand in the tar.

use std::io::{Seek, Write};

use container_ext4::{DeviceNumber, EntryKind as Existing, Metadata, WriteError, Writer, Xattr};

use super::error::LayerError;

/// image-spec `layer.md`: the prefix of whiteouts.
const WHITEOUT_PREFIX: &[u8] = b".wh.";
/// The name of an opaque whiteout, and the prefix of AUFS's own files, which are left out.
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";
const AUFS_PREFIX: &[u8] = b".wh..wh.";
/// The attribute with which overlayfs marks an opaque directory.
const OPAQUE_XATTR: &[u8] = b"trusted.overlay.opaque";

/// The whiteouts of one layer.
#[derive(Debug)]
pub(super) struct Hidden {
    paths: Paths,
    directories: Paths,
    limit_bytes: u64,
}

impl Hidden {
    /// None yet; their paths may take this many bytes.
    pub(super) fn new(limit_bytes: u64) -> Self {
        Self {
            paths: Paths::default(),
            directories: Paths::default(),
            limit_bytes,
        }
    }

    /// Whether `path` is a whiteout, which is then remembered, or AUFS's own.
    pub(super) fn takes(&mut self, path: &[u8]) -> Result<bool, LayerError> {
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
            self.directories.push(&[parent]);
        } else if !name.starts_with(AUFS_PREFIX) {
            if matches!(rest, b"" | b"." | b"..") {
                return Err(LayerError::InvalidWhiteout { path: path.to_vec() });
            }
            self.paths.push(&[parent, rest]);
        }
        if self.paths.bytes() + self.directories.bytes() > self.limit_bytes {
            let limit_bytes = self.limit_bytes;
            return Err(LayerError::TooManyWhiteouts { limit_bytes });
        }
        Ok(true)
    }

    /// Writes the whiteouts in the form of overlayfs. A directory that the layer has under the name of a whiteout becomes opaque; any other entry of that name hides
    /// the lower ones anyway. Returns whether the root is opaque.
    pub(super) fn keep<W: Write + Seek>(mut self, disk: &mut Writer<W>) -> Result<bool, LayerError> {
        let mut is_root_opaque = false;
        for path in self.paths.iter() {
            match disk.entry_kind(path) {
                Ok(None) => {
                    let nothing = DeviceNumber { major: 0, minor: 0 };
                    disk.character_device(path, nothing, Metadata::default())?;
                }
                Ok(Some(Existing::Directory)) => self.directories.push(&[path]),
                // The lower directory is hidden, so this one does not take its metadata.
                Ok(Some(Existing::UndescribedDirectory)) => {
                    disk.directory(path, Metadata::implied_directory())?;
                    self.directories.push(&[path]);
                }
                // An entry of this layer has the name or that of a parent, and hides the lower ones.
                Ok(Some(Existing::Other)) | Err(WriteError::NotADirectory { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for path in self.directories.iter() {
            match disk.entry_kind(path) {
                Ok(None) => disk.undescribed_directory(path)?,
                Ok(Some(Existing::Directory | Existing::UndescribedDirectory)) => {}
                Ok(Some(Existing::Other)) | Err(WriteError::NotADirectory { .. }) => continue,
                Err(error) => return Err(error.into()),
            }
            is_root_opaque |= disk.is_root(path)?;
            disk.set_xattr(
                path,
                Xattr {
                    name: OPAQUE_XATTR.to_vec(),
                    value: b"y".to_vec(),
                },
            )?;
        }
        Ok(is_root_opaque)
    }
}

/// Paths one after the other, each with its length before it.
#[derive(Debug, Default)]
struct Paths(Vec<u8>);

impl Paths {
    fn push(&mut self, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.0.extend_from_slice(&(length as u32).to_le_bytes());
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
    }

    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (path, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = after;
            Some(path)
        })
    }
}
