//! Small files of the root, as a whole.

use container_ext4::{NodeKind, Piece, ReadError};

use crate::entry::Entry;
use crate::error::RootError;
use crate::view::RootView;

impl RootView {
    /// The content of a regular file of this view; `None` for anything else, and for a file of more than `limit_bytes`.
    ///
    /// # Errors
    /// [`RootError::Disk`]
    pub fn read_file(&self, file: &Entry, limit_bytes: usize) -> Result<Option<Vec<u8>>, RootError> {
        if file.kind() != NodeKind::File || file.size_bytes() > limit_bytes as u64 {
            return Ok(None);
        }
        let disk = self.disks.disk(file.place);
        let mut content = Vec::new();
        let read = disk.reader.content(&file.node, |piece| {
            match piece {
                Piece::Bytes(bytes) => content.extend_from_slice(bytes),
                // The file is no larger than the limit, and so is none of its holes.
                Piece::Hole(length) => content.resize(content.len() + length.min(limit_bytes as u64) as usize, 0),
            }
            Ok::<_, ReadError>(())
        });
        read.map_err(disk.fail())?;
        Ok(Some(content))
    }
}
