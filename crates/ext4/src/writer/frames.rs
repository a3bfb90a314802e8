//! The directories on the way through a disk that is read.

use crate::error::{ReadError, WriteError};
use crate::reader::{Names, Node, Reader};

/// Names of all of them. On a damaged disk directories can share their blocks, so that its size does not bound what they have together.
const MAX_NAMES_BYTES: usize = 2 * Names::MAX_BYTES;

/// Directories that lie in each other, the last of which is gone through.
pub(super) struct Frames<T> {
    open: Vec<Frame<T>>,
    names_bytes: usize,
    max_names_bytes: usize,
}

/// One of them.
pub(super) struct Frame<T> {
    names: Names,
    next: usize,
    /// The directory's path has this many bytes.
    path_bytes: usize,
    pub(super) target: T,
}

impl<T> Frames<T> {
    pub(super) fn new() -> Self {
        Self {
            open: Vec::new(),
            names_bytes: 0,
            max_names_bytes: MAX_NAMES_BYTES,
        }
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Frame<T>> {
        self.open.last_mut()
    }

    /// Goes on in `directory`, which is at `path`.
    pub(super) fn enter(&mut self, layer: &Reader, directory: &Node, path: &[u8], target: T) -> Result<(), WriteError> {
        let mut names = layer.names(directory)?;
        self.names_bytes += names.taken_bytes();
        if self.names_bytes > self.max_names_bytes {
            let what = "directories that lie in each other have too many names";
            return Err(ReadError::Damaged { what }.into());
        }
        names.sort();
        self.open.push(Frame {
            names,
            next: 0,
            path_bytes: path.len(),
            target,
        });
        Ok(())
    }

    /// Goes back to the directory that the last one is in.
    pub(super) fn leave(&mut self) {
        if let Some(frame) = self.open.pop() {
            self.names_bytes -= frame.names.taken_bytes();
        }
    }
}

impl<T> Frame<T> {
    /// The next name, which is appended to `path` in place of the one before.
    pub(super) fn next(&mut self, path: &mut Vec<u8>) -> Option<u32> {
        let (name, inode) = self.names.get(self.next)?;
        self.next += 1;
        path.truncate(self.path_bytes);
        path.push(b'/');
        path.extend_from_slice(name);
        Some(inode)
    }

    /// The name that was last taken.
    pub(super) fn name(&self) -> &[u8] {
        self.names
            .get(self.next.saturating_sub(1))
            .map_or(&[], |(name, _)| name)
    }

    /// Whether it is that of a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.names.is_file(self.next.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metadata, Options, Writer};

    #[test]
    fn names_of_directories_that_lie_in_each_other_are_bounded() {
        let file = tempfile::tempfile().unwrap();
        let mut writer = Writer::new(&file, tempfile::tempfile().unwrap(), Options::default()).unwrap();
        for number in 0..100 {
            let path = format!("directory/{number}");
            writer.directory(path.as_bytes(), Metadata::default()).unwrap();
        }
        writer.finish([7; 16]).unwrap();
        let reader = Reader::open(file).unwrap();
        let root = reader.root().unwrap();
        let inode = reader.names(&root).unwrap().get(0).unwrap().1;
        let directory = reader.node(inode).unwrap();

        let mut frames = Frames::new();
        frames.max_names_bytes = 2 * reader.names(&directory).unwrap().taken_bytes();
        // What was left does not count any more.
        for _ in 0..5 {
            frames.enter(&reader, &directory, b"", ()).unwrap();
            frames.leave();
        }
        frames.enter(&reader, &directory, b"", ()).unwrap();
        frames.enter(&reader, &directory, b"/x", ()).unwrap();
        let error = frames.enter(&reader, &directory, b"/x/x", ()).unwrap_err();
        let is_told = matches!(&error, WriteError::Layer(ReadError::Damaged { what }) if what.contains("names"));
        assert!(is_told, "{error}");
    }
}
