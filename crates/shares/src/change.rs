//! What happened to the host's files below a shared tree, as the file server tells its launcher.
//!
//! Between the two is a stream socket. The server sends batches: the length of what follows, 32 bits, most significant byte first; then the changes, each
//! of six texts that end with a zero byte, which no name has. The launcher answers each batch with one byte ([`ANSWER`]) once the machine has been told,
//! and only then comes the next one.

use std::io;

/// Longest text of a batch, bytes: what the server sends at most, and the launcher takes.
pub(crate) const MAXIMUM_BATCH_BYTES: usize = 256 << 10;

/// Most changes in a batch.
pub(crate) const MAXIMUM_BATCH_CHANGES: usize = 512;

/// The launcher's answer to a batch.
pub const ANSWER: u8 = b'.';

/// Texts of a change.
pub(crate) const FIELDS: usize = 6;

/// What happened to an entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A file's content is another one.
    Modified,
    /// Nobody writes to a file any more.
    Written,
    /// Owner, permissions or times are others.
    Attributes,
    /// There is a new plain file.
    FileMade,
    /// There is a new directory.
    DirectoryMade,
    /// There is a new symbolic link.
    LinkMade,
    /// There is a new pipe.
    PipeMade,
    /// There is a new socket.
    SocketMade,
    /// What is no directory is gone.
    Removed,
    /// A directory is gone.
    DirectoryRemoved,
    /// It has become [`Change::to`].
    Moved,
    /// Nothing: the host tells nothing, or nothing more, of changes in this tree.
    Unwatched,
}

/// What they are called in a batch.
pub(crate) const KINDS: [(ChangeKind, &str); 12] = [
    (ChangeKind::Modified, "modified"),
    (ChangeKind::Written, "written"),
    (ChangeKind::Attributes, "attributes"),
    (ChangeKind::FileMade, "file"),
    (ChangeKind::DirectoryMade, "directory"),
    (ChangeKind::LinkMade, "link"),
    (ChangeKind::PipeMade, "pipe"),
    (ChangeKind::SocketMade, "socket"),
    (ChangeKind::Removed, "removed"),
    (ChangeKind::DirectoryRemoved, "directory-removed"),
    (ChangeKind::Moved, "moved"),
    (ChangeKind::Unwatched, "unwatched"),
];

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Entry {
    /// The directory below the tree, without slashes at its ends; empty is the tree itself.
    pub directory: Vec<u8>,
    /// The name in the directory; empty is the directory itself, or the file that is all of its tree.
    pub name: Vec<u8>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// Name of the tree in the root of the device.
    pub tree: String,
    /// To what.
    pub entry: Entry,
    /// What has been moved is called this now; otherwise empty.
    pub to: Entry,
}

/// The length of the text that follows, from the first four bytes of a batch.
///
/// # Errors
/// `InvalidData` when it is too long.
pub fn read_length(head: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > MAXIMUM_BATCH_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a batch of changes is too long",
        ));
    }
    Ok(length)
}

/// The changes in the text of a batch.
///
/// # Errors
/// `InvalidData` for anything else.
pub fn read_changes(text: &[u8]) -> io::Result<Vec<Change>> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "what is no change of a shared file");
    let Some(text) = text.strip_suffix(&[0]) else {
        return if text.is_empty() {
            Ok(Vec::new())
        } else {
            Err(invalid())
        };
    };
    let fields: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
    if !fields.len().is_multiple_of(FIELDS) || fields.len() / FIELDS > MAXIMUM_BATCH_CHANGES {
        return Err(invalid());
    }
    let change = |fields: &[&[u8]]| {
        let [kind, tree, directory, name, to_directory, to_name] = fields else {
            return Err(invalid());
        };
        let kind = KINDS
            .iter()
            .find(|(_, text)| text.as_bytes() == *kind)
            .ok_or_else(invalid)?;
        let entry = |directory: &[u8], name: &[u8]| Entry {
            directory: directory.to_vec(),
            name: name.to_vec(),
        };
        Ok(Change {
            kind: kind.0,
            tree: String::from_utf8(tree.to_vec()).map_err(|_| invalid())?,
            entry: entry(directory, name),
            to: entry(to_directory, to_name),
        })
    };
    fields.chunks(FIELDS).map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_batch_is_refused() {
        assert!(read_changes(b"").unwrap().is_empty());
        for text in [
            &b"modified"[..],
            b"\0",
            b"modified\0t\0\0\0\0",
            b"eaten\0t\0\0\0\0\0",
            b"file\0\xff\0\0\0\0\0",
        ] {
            assert!(read_changes(text).is_err(), "{text:?}");
        }
        let many = b"file\0t\0\0a\0\0\0".repeat(MAXIMUM_BATCH_CHANGES + 1);
        assert!(read_changes(&many).is_err());
        assert!(read_length([0, 4, 0, 0]).is_ok());
        assert!(read_length([0, 4, 0, 1]).is_err());
    }
}
