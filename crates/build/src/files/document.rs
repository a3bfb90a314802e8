//! A file with a given content: heredocs, and what was loaded.

use std::io::{self, Read, Write};

use container_tar::{Entry, EntryKind, Timestamp};

use super::{FilesError, LayerWriter};

/// How much is copied at a time.
const COPY_BYTES: usize = 256 * 1024;

/// Copies a file of `size_bytes` as `name` to `destination`. Without `modified` it is as old as the build.
pub(crate) fn copy_document<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    name: &str,
    (mut content, size_bytes): (impl Read, u64),
    (mode, modified): (u16, Option<Timestamp>),
    destination: &str,
) -> Result<(), FilesError> {
    let path = layer.file_target(destination, name.as_bytes())?;
    layer.takes_file(&path)?;
    let mut entry = Entry {
        path,
        kind: EntryKind::File {
            size_bytes,
            regions: None,
        },
        mode,
        uid: 0,
        gid: 0,
        modified: modified.unwrap_or(layer.dress.created),
        xattrs: Vec::new(),
    };
    layer.dress.put_on(&mut entry);
    layer.tar.begin(&entry)?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => layer.tar.content(buffer.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}
