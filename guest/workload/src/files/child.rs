//! The forked process that works on files.

use std::ffi::OsStr;
use std::io::{self, BufReader, BufWriter, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use container_tree::{Attributes, Extraction, extract, pack};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;
use rustix::process::{fchdir, umask};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::report::{FileStatus, FilesOutcome};
use super::resolve::{Place, resolve};
use super::{FilesJob, owners};
use crate::failure::reason;

/// Written to the pipe, or read from it, at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Everything the child needs.
pub(super) struct Work<'a> {
    pub(super) init: BorrowedFd<'a>,
    pub(super) job: &'a FilesJob,
    pub(super) stream: &'a OwnedFd,
    pub(super) report: &'a OwnedFd,
}

/// Does the work and reports how it went.
pub(super) fn run(work: &Work<'_>) -> u8 {
    let outcome = work.run().unwrap_or_else(FilesOutcome::Failed);
    // Writing fails when the parent has gone, which needs no report.
    let _ = rustix::io::write(work.report, &outcome.encode());
    0
}

/// Makes the files of an archive below `directory`, a layer or a tree, and reports how it went.
pub(super) fn run_extraction(directory: &OwnedFd, stream: &OwnedFd, report: &OwnedFd, is_layer: bool) -> u8 {
    let outcome = extract_archive(directory, stream, is_layer).unwrap_or_else(FilesOutcome::Failed);
    let _ = rustix::io::write(report, &outcome.encode());
    0
}

fn extract_archive(directory: &OwnedFd, stream: &OwnedFd, is_layer: bool) -> Result<FilesOutcome, String> {
    let refused = |error: Errno| format!("cannot reach the files: {error}");
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let descriptors = openat(CWD, "/proc/self/fd", flags, Mode::empty()).map_err(refused)?;
    fchdir(&descriptors).map_err(refused)?;
    umask(Mode::empty());
    let extraction = Extraction {
        owners: owners(None),
        attributes: Attributes::All {
            descriptors: PathBuf::from("."),
        },
        is_layer,
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat(directory, ".", flags, Mode::empty()).map_err(refused)?;
    extract_stream(directory.as_fd(), stream.as_fd(), &extraction)
}

/// Makes the files of the archive in a pipe, of which nothing is left then.
fn extract_stream(
    directory: BorrowedFd<'_>,
    stream: BorrowedFd<'_>,
    extraction: &Extraction,
) -> Result<FilesOutcome, String> {
    let input = BufReader::with_capacity(BUFFER_BYTES, Pipe(stream));
    extract(directory, input, extraction).map_err(|error| error.to_string())?;
    // What follows the end of the archive, so that the writer does not see a broken pipe.
    let rest = io::copy(&mut Pipe(stream).by_ref(), &mut io::sink());
    rest.map(|_| FilesOutcome::Done)
        .map_err(|error| format!("cannot read the archive: {error}"))
}

impl Work<'_> {
    fn run(&self) -> Result<FilesOutcome, String> {
        let refused = |error: Errno| format!("cannot enter the container: {error}");
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptors = openat(CWD, "/proc/self/fd", directory, Mode::empty()).map_err(refused)?;
        move_into_thread_name_spaces(self.init, ThreadNameSpaceType::MOUNT).map_err(refused)?;
        // Attributes of what cannot be opened are reached through here: the container's own /proc does not know this process.
        fchdir(&descriptors).map_err(refused)?;
        umask(Mode::empty());
        let root = openat(CWD, "/", directory, Mode::empty()).map_err(refused)?;
        let attributes = Attributes::All {
            descriptors: PathBuf::from("."),
        };
        match self.job {
            FilesJob::Stat { path, follow } => stat(root.as_fd(), path, *follow),
            FilesJob::Read { path, follow, called } => self.read(root.as_fd(), path, *follow, called, &attributes),
            FilesJob::Write { directory, owner } => {
                let extraction = Extraction {
                    owners: owners(*owner),
                    attributes,
                    is_layer: false,
                };
                self.write(root.as_fd(), directory, &extraction)
            }
        }
    }

    fn read(
        &self,
        root: BorrowedFd<'_>,
        path: &[u8],
        follow: bool,
        called: &[u8],
        attributes: &Attributes,
    ) -> Result<FilesOutcome, String> {
        let Place { directory, name, .. } = resolve(root, path, follow).map_err(|error| refusal(path, error))?;
        let output = BufWriter::with_capacity(BUFFER_BYTES, Pipe(self.stream.as_fd()));
        pack(directory.as_fd(), OsStr::from_bytes(&name), called, attributes, output)
            .map_err(|error| error.to_string())?;
        Ok(FilesOutcome::Done)
    }

    fn write(&self, root: BorrowedFd<'_>, path: &[u8], extraction: &Extraction) -> Result<FilesOutcome, String> {
        let refused = |error| refusal(path, error);
        let Place { directory, name, .. } = resolve(root, path, true).map_err(refused)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = openat(&directory, OsStr::from_bytes(&name), flags, Mode::empty()).map_err(refused)?;
        extract_stream(directory.as_fd(), self.stream.as_fd(), extraction)
    }
}

fn stat(root: BorrowedFd<'_>, path: &[u8], follow: bool) -> Result<FilesOutcome, String> {
    let refused = |error| refusal(path, error);
    let place = match resolve(root, path, follow) {
        Ok(place) => place,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(FilesOutcome::Missing { resolved: None }),
        Err(error) => return Err(refused(error)),
    };
    let name = OsStr::from_bytes(&place.name);
    match statat(&place.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => {
            let target = match readlinkat(&place.directory, name, Vec::new()) {
                Ok(target) => target.into_bytes(),
                Err(_) => Vec::new(),
            };
            Ok(FilesOutcome::Found(FileStatus::new(&found, target, place.path)))
        }
        Err(Errno::NOENT) => Ok(FilesOutcome::Missing {
            resolved: Some(place.path),
        }),
        Err(error) => Err(refused(error)),
    }
}

fn refusal(path: &[u8], error: Errno) -> String {
    format!("{}: {}", path.escape_ascii(), reason(&io::Error::from(error)))
}

/// A pipe as a stream.
struct Pipe<'a>(BorrowedFd<'a>);

impl io::Read for Pipe<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, buffer)?)
    }
}

impl io::Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
