//! Copies that share the blocks of the original where the file system can do that, and keep its holes where not.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::data::next_data;
use crate::nameless::scratch_file;
use crate::unsupported::is_unsupported;

/// A file could not be copied. There is no copy.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy {} into {}: {source}", from.display(), directory.display())]
pub struct CopyError {
    /// The original.
    pub from: PathBuf,
    /// Where the copy was to take its space.
    pub directory: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Copies the file at `from` into a file without a name, which is gone when it is closed, also by a kill; `directory` is where its space is
/// taken. The copy is not synced.
///
/// On macOS a clone has a name for an instant. What a kill in it leaves is removed by [`sweep`](crate::sweep).
///
/// # Errors
/// [`CopyError`]; of something that is no file, too.
pub fn copy_nameless(from: &Path, directory: &Path) -> Result<File, CopyError> {
    copy(from, directory).map_err(|source| CopyError {
        from: from.to_owned(),
        directory: directory.to_owned(),
        source,
    })
}

fn copy(from: &Path, directory: &Path) -> io::Result<File> {
    // Looked at first: a pipe would block in open(2).
    if !std::fs::metadata(from)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let original = File::open(from)?;
    match clone(&original, directory) {
        Err(error) if is_unsupported(&error) => {}
        cloned => return cloned,
    }
    let mut copy = scratch_file(directory)?;
    copy_bytes(&original, &mut copy)?;
    Ok(copy)
}

/// `FICLONE` of ioctl_ficlone(2): btrfs, XFS, bcachefs, overlayfs on these.
#[cfg(target_os = "linux")]
fn clone(original: &File, directory: &Path) -> io::Result<File> {
    let copy = scratch_file(directory)?;
    rustix::fs::ioctl_ficlone(&copy, original)?;
    Ok(copy)
}

/// clonefile(2): APFS. It makes the file itself, by name.
#[cfg(target_os = "macos")]
fn clone(original: &File, directory: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, CloneFlags, fclonefileat};
    let cloned = crate::replace::temporary().make_in(directory, |path| {
        fclonefileat(original, CWD, path, CloneFlags::NOOWNERCOPY)?;
        match std::fs::OpenOptions::new().read(true).write(true).open(path) {
            // It was swept before it was open: another name is tried.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::ErrorKind::AlreadyExists.into()),
            opened => opened.inspect_err(|_| drop(std::fs::remove_file(path))),
        }
    });
    cloned.map(tempfile::NamedTempFile::into_file)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn clone(_: &File, _: &Path) -> io::Result<File> {
    Err(rustix::io::Errno::NOTSUP.into())
}

/// Copies what is not a hole.
fn copy_bytes(original: &File, copy: &mut File) -> io::Result<()> {
    let length = original.metadata()?.len();
    copy.set_len(length)?;
    let mut position = 0;
    while let Some(Range { start, end }) = next_data(original, position, length)? {
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
    fn a_copy_without_a_name_has_the_bytes_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        let bytes = sparse(&from);
        let copy = copy_nameless(&from, root.path()).unwrap();
        let mut copied = vec![0; bytes.len()];
        copy.read_exact_at(&mut copied, 0).unwrap();
        assert!(copied == bytes);
        assert!(copy.metadata().unwrap().blocks() * 512 < 1 << 20);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_files_are_copied() {
        let root = tempfile::tempdir().unwrap();
        let error = copy_nameless(root.path(), root.path()).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
