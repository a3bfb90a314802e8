//! Copies that share the blocks of the original where the file system can do that, and keep its holes where not.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use crate::unsupported::is_unsupported;

/// How a file was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The copy shares all blocks with the original until one of them is written to.
    Cloned,
    /// The bytes were copied; holes stayed holes.
    Bytes,
}

/// A file could not be copied. There is no copy.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy {} to {}: {source}", from.display(), to.display())]
pub struct CopyError {
    /// The original.
    pub from: PathBuf,
    /// The copy.
    pub to: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Copies the file at `from`, with its permissions, to `to`, where there must be nothing. The copy is not synced.
///
/// # Errors
/// [`CopyError`]; of something that is no file, or when `to` is there already, too.
pub fn copy_file(from: &Path, to: &Path) -> Result<Copied, CopyError> {
    copy(from, to).map_err(|source| CopyError {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    })
}

fn copy(from: &Path, to: &Path) -> io::Result<Copied> {
    // Looked at first: a pipe would block in open(2).
    if !std::fs::metadata(from)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let original = File::open(from)?;
    match clone(&original, to) {
        Err(error) if is_unsupported(&error) => {}
        cloned => return cloned.map(|()| Copied::Cloned),
    }
    let mut copy = create(&original, to)?;
    copy_bytes(&original, &mut copy).inspect_err(|_| {
        let _ = std::fs::remove_file(to);
    })?;
    Ok(Copied::Bytes)
}

/// `FICLONE` of ioctl_ficlone(2): btrfs, XFS, bcachefs, overlayfs on these.
#[cfg(target_os = "linux")]
fn clone(original: &File, to: &Path) -> io::Result<()> {
    let copy = create(original, to)?;
    rustix::fs::ioctl_ficlone(&copy, original).map_err(|error| {
        let _ = std::fs::remove_file(to);
        error.into()
    })
}

/// clonefile(2): APFS. It makes the file itself.
#[cfg(target_os = "macos")]
fn clone(original: &File, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, CloneFlags, fclonefileat};
    Ok(fclonefileat(original, CWD, to, CloneFlags::NOOWNERCOPY)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn clone(_: &File, _: &Path) -> io::Result<()> {
    Err(Errno::NOTSUP.into())
}

fn create(original: &File, to: &Path) -> io::Result<File> {
    let mode = original.metadata()?.permissions().mode();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(mode & 0o777);
    options.open(to)
}

/// Copies what is not a hole.
fn copy_bytes(original: &File, copy: &mut File) -> io::Result<()> {
    let length = original.metadata()?.len();
    copy.set_len(length)?;
    let mut position = 0;
    while let Some(start) = next(original, SeekFrom::Data(position), length)? {
        let end = next(original, SeekFrom::Hole(start), length)?.unwrap_or(length);
        let mut source = original;
        source.seek(io::SeekFrom::Start(start))?;
        copy.seek(io::SeekFrom::Start(start))?;
        if io::copy(&mut source.take(end - start), copy)? < end - start {
            // It was shortened meanwhile.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        position = end;
    }
    Ok(())
}

/// Where the next data or the next hole begins, before `length`. A file system that cannot tell has only data.
fn next(file: &File, what: SeekFrom, length: u64) -> io::Result<Option<u64>> {
    let found = match rustix::fs::seek(file, what) {
        Ok(found) => found,
        // lseek(2): no data before the end, or the position is the end.
        Err(Errno::NXIO) => return Ok(None),
        Err(error) if is_unsupported(&error.into()) => match what {
            SeekFrom::Data(position) => position,
            _ => return Ok(None),
        },
        Err(error) => return Err(error.into()),
    };
    Ok((found < length).then_some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};

    fn sparse(path: &Path) -> Vec<u8> {
        let mut bytes = vec![0; 3 << 20];
        bytes[100..200].fill(7);
        bytes[1 << 20..(1 << 20) + 70_000].fill(8);
        let file = File::create_new(path).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_all_at(&bytes[100..200], 100).unwrap();
        file.write_all_at(&bytes[1 << 20..(1 << 20) + 70_000], 1 << 20).unwrap();
        file.sync_all().unwrap();
        bytes
    }

    #[test]
    fn a_copy_has_the_bytes_the_mode_and_no_space_for_holes() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| root.path().join(name));
        let bytes = sparse(&from);
        std::fs::set_permissions(&from, std::fs::Permissions::from_mode(0o400)).unwrap();
        copy_file(&from, &to).unwrap();
        let copied = std::fs::metadata(&to).unwrap();
        assert!(std::fs::read(&to).unwrap() == bytes);
        assert_eq!(copied.permissions().mode() & 0o777, 0o400);
        assert!(copied.blocks() * 512 < 1 << 20, "{} blocks", copied.blocks());
    }

    #[test]
    fn bytes_are_copied_around_holes_where_nothing_can_be_cloned() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| root.path().join(name));
        let bytes = sparse(&from);
        let mut copy = File::create_new(&to).unwrap();
        copy_bytes(&File::open(&from).unwrap(), &mut copy).unwrap();
        assert!(std::fs::read(&to).unwrap() == bytes);
        assert!(copy.metadata().unwrap().blocks() * 512 < 1 << 20);
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| root.path().join(name));
        sparse(&from);
        std::fs::write(&to, b"kept").unwrap();
        let error = copy_file(&from, &to).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&to).unwrap(), b"kept");
    }

    #[test]
    fn only_files_are_copied() {
        let root = tempfile::tempdir().unwrap();
        let error = copy_file(root.path(), &root.path().join("to")).unwrap_err();
        assert!(error.to_string().contains("to") && !root.path().join("to").exists());
    }
}
