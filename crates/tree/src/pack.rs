//! A tree to a stream.

mod content;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt as _};
use std::vec;

use container_tar::{Entry, EntryKind, WriteError, Writer};
use rustix::fs::{Dir, FileType, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

use crate::attributes::Attributes;
use crate::error::PackError;
use crate::status::Status;

/// Writes the file `name` of `directory`, with everything below it if it is a directory, as an archive in which it is called `called`. An empty `called` is
/// for a directory of which the archive is to have the content.
///
/// What vanishes while the directory is read is left out, and so are sockets, which no archive can hold. A file that shrinks while it is read ends in zeros.
///
/// # Errors
/// [`PackError`]; the archive is not complete then.
pub fn pack<W: Write>(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    called: &[u8],
    attributes: &Attributes,
    output: W,
) -> Result<W, PackError> {
    let mut packer = Packer {
        writer: Writer::new(output),
        attributes,
        links: HashMap::new(),
        buffer: vec![0; content::BUFFER_BYTES],
        open: Vec::new(),
    };
    let path = if called.is_empty() { b"." } else { called };
    packer.add(directory, name, path.to_vec(), true)?;
    while let Some(level) = packer.open.last_mut() {
        let Some(name) = level.names.next() else {
            packer.open.pop();
            continue;
        };
        let path = [&level.path, b"/".as_slice(), name.as_bytes()].concat();
        let directory = level.directory.clone();
        packer.add(directory.as_fd(), &name, path, false)?;
    }
    Ok(packer.writer.finish()?)
}

struct Packer<'a, W> {
    writer: Writer<W>,
    attributes: &'a Attributes,
    /// Files with several names, by what identifies them, with their first one.
    links: HashMap<(u64, u64), Vec<u8>>,
    buffer: Vec<u8>,
    /// The directories on the way to where the packer is.
    open: Vec<Level>,
}

/// A directory that is being read.
struct Level {
    directory: std::rc::Rc<OwnedFd>,
    path: Vec<u8>,
    names: vec::IntoIter<OsString>,
}

impl<W: Write> Packer<'_, W> {
    fn add(&mut self, directory: BorrowedFd<'_>, name: &OsStr, path: Vec<u8>, is_first: bool) -> Result<(), PackError> {
        let status = match Status::of(directory, name) {
            Ok(status) => status,
            Err(Errno::NOENT) if !is_first => return Ok(()),
            Err(error) => return Err(unreadable(&path, error)),
        };
        match self.add_found(directory, name, &path, status) {
            // It vanished, or became something else, after it was looked at.
            Err(Refusal::System(Errno::NOENT | Errno::LOOP | Errno::NOTDIR)) if !is_first => Ok(()),
            Err(Refusal::System(error)) => Err(unreadable(&path, error)),
            Err(Refusal::Stream(error)) => Err(error.into()),
            Ok(()) => Ok(()),
        }
    }

    fn add_found(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &OsStr,
        path: &[u8],
        status: Status,
    ) -> Result<(), Refusal> {
        match status.kind {
            FileType::Directory => return self.enter(directory, name, path),
            FileType::Socket => return Ok(()),
            _ => {}
        }
        if status.links > 1 {
            if let Some(target) = self.links.get(&status.identity) {
                let kind = EntryKind::HardLink { target: target.clone() };
                self.writer.begin(&entry(path, kind, &status))?;
                return Ok(());
            }
            self.links.insert(status.identity, path.to_vec());
        }
        let kind = match status.kind {
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(directory, name, flags, Mode::empty())?;
                return self.add_file(file.as_fd(), path);
            }
            FileType::Symlink => EntryKind::Symlink {
                target: readlinkat(directory, name, Vec::new())?.into_bytes(),
            },
            FileType::CharacterDevice => EntryKind::CharacterDevice(status.device),
            FileType::BlockDevice => EntryKind::BlockDevice(status.device),
            FileType::Fifo => EntryKind::Fifo,
            _ => return Ok(()),
        };
        let mut entry = entry(path, kind, &status);
        entry.xattrs = self.attributes.of_name(directory, name);
        self.writer.begin(&entry)?;
        Ok(())
    }

    fn add_file(&mut self, file: BorrowedFd<'_>, path: &[u8]) -> Result<(), Refusal> {
        let status = Status::of_file(file)?;
        if status.kind != FileType::RegularFile {
            return Err(Refusal::System(Errno::NOENT));
        }
        let regions = content::regions(file, &status)?;
        let kind = EntryKind::File {
            size_bytes: status.size_bytes,
            regions: regions.clone(),
        };
        let mut entry = entry(path, kind, &status);
        entry.xattrs = self.attributes.of_file(file);
        self.writer.begin(&entry)?;
        content::copy(
            file,
            regions.as_deref(),
            status.size_bytes,
            &mut self.writer,
            &mut self.buffer,
        )
    }

    fn enter(&mut self, directory: BorrowedFd<'_>, name: &OsStr, path: &[u8]) -> Result<(), Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = openat(directory, name, flags, Mode::empty())?;
        let status = Status::of_file(directory.as_fd())?;
        let mut entry = entry(path, EntryKind::Directory, &status);
        entry.xattrs = self.attributes.of_file(directory.as_fd());
        self.writer.begin(&entry)?;
        let mut names = Vec::new();
        for found in Dir::read_from(&directory)? {
            let name = found?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        names.sort_unstable();
        self.open.push(Level {
            directory: std::rc::Rc::new(directory),
            path: path.to_vec(),
            names: names.into_iter(),
        });
        Ok(())
    }
}

fn entry(path: &[u8], kind: EntryKind, status: &Status) -> Entry {
    Entry {
        path: path.to_vec(),
        kind,
        mode: status.mode,
        uid: status.uid,
        gid: status.gid,
        modified: status.modified,
        xattrs: Vec::new(),
    }
}

fn unreadable(path: &[u8], error: Errno) -> PackError {
    PackError::Read {
        path: path.to_vec(),
        source: io::Error::from(error),
    }
}

/// Why one file cannot be added: its own fault, or the stream's.
enum Refusal {
    System(Errno),
    Stream(WriteError),
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        Self::Stream(error)
    }
}

#[cfg(test)]
mod tests;
