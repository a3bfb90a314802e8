//! Members of an OCI layout that is a directory.
//!
//! The directory may come from anywhere, so no link in it is followed: each step opens a single name below the directory of
//! the step before, and refuses symbolic links. So a link to `/etc/shadow` does not bring that file into an image.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use container_oci::Algorithm;
use rustix::fs::{Dir, Mode, OFlags, openat};

use super::{Members, ReadEvent, Reading, tell};
use crate::archive::ArchiveError;
use crate::archive::layout::{INDEX_FILE, LAYOUT_FILE};

/// Reads the layout at `root`: its index and its blobs, and no other files.
pub(super) fn read(members: &mut Members, reading: &mut Reading<'_>, root: &Path) -> Result<(), ArchiveError> {
    let open_error = |source| ArchiveError::Open {
        path: root.to_owned(),
        source,
    };
    let mut layout = Layout {
        members,
        reading,
        root,
        read_bytes: 0,
    };
    // The directory itself is the user's choice, however it is reached.
    let top: OwnedFd = File::open(root).map_err(open_error)?.into();
    for name in [LAYOUT_FILE, INDEX_FILE] {
        layout.file(&top, name, name.to_owned())?;
    }
    let Some(blobs) = layout.open(&top, "blobs", "blobs")? else {
        return Ok(());
    };
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let prefix = format!("blobs/{}", algorithm.name());
        let Some(directory) = layout.open(&blobs, algorithm.name(), &prefix)? else {
            continue;
        };
        for name in layout.list(&directory, &prefix)? {
            let member = format!("{prefix}/{name}");
            layout.file(&directory, &name, member)?;
        }
    }
    Ok(())
}

struct Layout<'a, 'b> {
    members: &'a mut Members,
    reading: &'a mut Reading<'b>,
    root: &'a Path,
    read_bytes: u64,
}

impl Layout<'_, '_> {
    /// Opens what is called `name` in `directory`; `None` when there is nothing, or a link that is passed over.
    fn open(&mut self, directory: &OwnedFd, name: &str, member: &str) -> Result<Option<OwnedFd>, ArchiveError> {
        // Without blocking: opening a named pipe would wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match openat(directory, name, flags, Mode::empty()) {
            Ok(opened) => Ok(Some(opened)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(rustix::io::Errno::LOOP) => {
                let link = format!("{member} (a symbolic link)");
                self.reading.unsafe_member(link).map(|()| None)
            }
            Err(error) => Err(self.error(member, error.into())),
        }
    }

    /// Stages the regular file of that name; whatever else has the name is left alone.
    fn file(&mut self, directory: &OwnedFd, name: &str, member: String) -> Result<(), ArchiveError> {
        let Some(opened) = self.open(directory, name, &member)? else {
            return Ok(());
        };
        let file = File::from(opened);
        if !file.metadata().map_err(|source| self.error(&member, source))?.is_file() {
            return Ok(());
        }
        let path = self.path(&member);
        let read_error = |source| ArchiveError::Open {
            path: path.clone(),
            source,
        };
        let mut counted = Counted {
            file,
            read_bytes: &mut self.read_bytes,
            on_event: self.reading.on_event,
        };
        self.members
            .stage(self.reading.session, member, &mut counted, read_error)
    }

    /// The names in the directory that are text; blobs have no others.
    fn list(&self, directory: &OwnedFd, member: &str) -> Result<Vec<String>, ArchiveError> {
        let failed = |error: rustix::io::Errno| self.error(member, error.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(directory).map_err(failed)? {
            if let Ok(name) = entry.map_err(failed)?.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                if names.len() >= super::MEMBER_LIMIT {
                    let limit = super::MEMBER_LIMIT;
                    return Err(ArchiveError::TooManyMembers { limit });
                }
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn path(&self, member: &str) -> PathBuf {
        self.root.join(member)
    }

    fn error(&self, member: &str, source: io::Error) -> ArchiveError {
        let path = self.path(member);
        ArchiveError::Open { path, source }
    }
}

struct Counted<'a> {
    file: File,
    read_bytes: &'a mut u64,
    on_event: &'a mut dyn FnMut(ReadEvent) -> bool,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        *self.read_bytes += count as u64;
        tell(self.on_event, ReadEvent::Bytes(*self.read_bytes))?;
        Ok(count)
    }
}
