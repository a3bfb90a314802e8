//! Batches of changes as they are sent; their form is described in [`crate::change`].

use std::io::{self, Read, Write};

use crate::change::{Change, FIELDS, KINDS};

/// Sends a batch and waits for the answer.
///
/// # Errors
/// The socket's; `UnexpectedEof` when the launcher has gone.
pub(super) fn tell(mut stream: impl Read + Write, changes: &[Change]) -> io::Result<()> {
    let mut text = Vec::new();
    for field in changes.iter().flat_map(fields) {
        text.extend_from_slice(field);
        text.push(0);
    }
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], &text].concat())?;
    stream.read_exact(&mut [0])
}

fn fields(change: &Change) -> [&[u8]; FIELDS] {
    let kind = KINDS.iter().find(|(kind, _)| *kind == change.kind);
    [
        kind.map_or(&b""[..], |(_, text)| text.as_bytes()),
        change.tree.as_bytes(),
        &change.entry.directory,
        &change.entry.name,
        &change.to.directory,
        &change.to.name,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{ANSWER, ChangeKind, Entry, KINDS, read_changes, read_length};
    use std::io::{Read, Write};

    /// A launcher that answers at once, unless it has gone.
    #[derive(Default)]
    struct Socket {
        sent: Vec<u8>,
        is_gone: bool,
    }

    impl Read for &mut Socket {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let answer: &[u8] = if self.is_gone { &[] } else { &[ANSWER] };
            (&mut &*answer).read(buffer)
        }
    }

    impl Write for &mut Socket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.sent.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn change(kind: ChangeKind, directory: &[u8], name: &[u8]) -> Change {
        Change {
            kind,
            tree: "share-0".to_owned(),
            entry: Entry {
                directory: directory.to_vec(),
                name: name.to_vec(),
            },
            to: Entry::default(),
        }
    }

    #[test]
    fn batches_are_read_as_they_were_sent() {
        let mut changes: Vec<_> = KINDS.iter().map(|(kind, _)| change(*kind, b"a/\xff", b"b\n")).collect();
        changes.push(change(ChangeKind::Modified, b"", b""));
        changes[0].to.name = b"c".to_vec();
        let mut socket = Socket::default();
        tell(&mut socket, &changes).unwrap();
        let (head, text) = socket.sent.split_first_chunk().unwrap();
        let length = read_length(*head).unwrap();
        assert_eq!(length, text.len());
        assert_eq!(read_changes(text).unwrap(), changes);
    }

    #[test]
    fn who_is_not_answered_has_lost_the_launcher() {
        let mut socket = Socket {
            is_gone: true,
            ..Socket::default()
        };
        let told = tell(&mut socket, &[]).unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::UnexpectedEof);
    }
}
