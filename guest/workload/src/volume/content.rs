//! What a new volume gets of the image: a volume that is empty is filled with what the image has at the place where the volume appears.
//!
//! The machine may be killed at any moment. While a volume is being filled, its root directory carries a mark; a volume that is found
//! with the mark is emptied and filled anew. The mark is set before the first file and removed once all of them are on the disk, and
//! no process of the container runs before that, so that nothing but copies is ever thrown away. The journal keeps that order.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr, syncfs};
use rustix::io::Errno;

use super::copy::{Keeps, copy_directory};

/// The mark: an extended attribute that only the machine's own root sees, xattr(7).
const FILLING: &str = "trusted.container.filling";

/// The directory that e2fsck makes; a volume with nothing else is empty.
const LOST_AND_FOUND: &str = "lost+found";

/// Fills the volume that is mounted at `volume` with what is in `image`, with its owner and mode, unless something is on it. Without an
/// image directory only what was begun before is undone.
pub(super) fn fill(image: Option<&Path>, volume: &Path, root: &OwnedFd) -> io::Result<()> {
    fill_marked(image, volume, root, FILLING)
}

/// Fills a shared directory likewise. That this happens once, and whole, is seen to on the host.
pub(crate) fn fill_share(image: Option<&Path>, share: &Path) -> io::Result<()> {
    match image {
        Some(image) if is_empty(share)? => copy_directory(image, share, Keeps::WhatSharesHave),
        _ => Ok(()),
    }
}

fn fill_marked(image: Option<&Path>, volume: &Path, root: &OwnedFd, mark: &str) -> io::Result<()> {
    let was_begun = match fgetxattr(root, mark, &mut [0; 1][..]) {
        Ok(_) => true,
        Err(Errno::NODATA) => false,
        Err(error) => return Err(error.into()),
    };
    if was_begun {
        clear(volume)?;
    } else if !is_empty(volume)? {
        return Ok(());
    }
    if let Some(image) = image {
        fsetxattr(root, mark, b"1", XattrFlags::empty())?;
        copy_directory(image, volume, Keeps::Everything)?;
    } else if !was_begun {
        return Ok(());
    }
    syncfs(root)?;
    fremovexattr(root, mark)?;
    // From here on the volume is its users': what they write may reach the disk before the removed mark would.
    Ok(syncfs(root)?)
}

fn is_empty(directory: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        if entry?.file_name() != LOST_AND_FOUND {
            return Ok(false);
        }
    }
    Ok(true)
}

fn clear(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() == LOST_AND_FOUND {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    /// A mark that anybody may set.
    const MARK: &str = "user.container.filling";

    struct Directories {
        _root: tempfile::TempDir,
        image: std::path::PathBuf,
        volume: std::path::PathBuf,
    }

    impl Directories {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let [image, volume] = ["image", "volume"].map(|name| root.path().join(name));
            fs::create_dir_all(image.join("sub")).unwrap();
            fs::create_dir(&volume).unwrap();
            fs::write(image.join("sub/file"), "content").unwrap();
            fs::hard_link(image.join("sub/file"), image.join("again")).unwrap();
            symlink("/nowhere", image.join("link")).unwrap();
            fs::set_permissions(image.join("sub"), fs::Permissions::from_mode(0o1750)).unwrap();
            fs::set_permissions(&image, fs::Permissions::from_mode(0o711)).unwrap();
            Self {
                _root: root,
                image,
                volume,
            }
        }

        fn open(&self) -> OwnedFd {
            fs::File::open(&self.volume).unwrap().into()
        }

        fn fill(&self) {
            fill_marked(Some(&self.image), &self.volume, &self.open(), MARK).unwrap();
        }

        fn is_marked(&self) -> bool {
            fgetxattr(self.open(), MARK, &mut [0; 1][..]).is_ok()
        }
    }

    #[test]
    fn an_empty_volume_gets_files_links_and_modes() {
        let directories = Directories::new();
        fs::create_dir(directories.volume.join(LOST_AND_FOUND)).unwrap();
        directories.fill();
        let volume = &directories.volume;
        assert_eq!(fs::read(volume.join("sub/file")).unwrap(), b"content");
        assert_eq!(fs::read_link(volume.join("link")).unwrap(), Path::new("/nowhere"));
        let [file, again, sub, root] =
            ["sub/file", "again", "sub", ""].map(|path| fs::metadata(volume.join(path)).unwrap());
        assert_eq!((file.ino(), file.nlink()), (again.ino(), 2));
        assert_eq!((sub.mode() & 0o7777, root.mode() & 0o7777), (0o1750, 0o711));
        let image = fs::metadata(directories.image.join("sub/file")).unwrap();
        assert_eq!((file.mtime(), file.mtime_nsec()), (image.mtime(), image.mtime_nsec()));
        assert!(!directories.is_marked());
    }

    #[test]
    fn a_share_gets_what_shares_can_have() {
        let directories = Directories::new();
        fill_share(None, &directories.volume).unwrap();
        fill_share(Some(&directories.image), &directories.volume).unwrap();
        let volume = &directories.volume;
        assert_eq!(fs::read(volume.join("again")).unwrap(), b"content");
        assert_eq!(fs::metadata(volume.join("sub")).unwrap().mode() & 0o7777, 0o1750);
        fs::remove_file(volume.join("again")).unwrap();
        fill_share(Some(&directories.image), volume).unwrap();
        assert!(!volume.join("again").exists(), "something is there already");
    }

    #[test]
    fn a_volume_with_something_on_it_stays_as_it_is() {
        let directories = Directories::new();
        fs::write(directories.volume.join("own"), "").unwrap();
        directories.fill();
        assert_eq!(fs::read_dir(&directories.volume).unwrap().count(), 1);
    }

    #[test]
    fn what_was_begun_is_done_again_or_undone() {
        for has_image in [true, false] {
            let directories = Directories::new();
            fs::create_dir_all(directories.volume.join("half/way")).unwrap();
            fs::write(directories.volume.join("half/way/file"), "").unwrap();
            fsetxattr(directories.open(), MARK, b"1", XattrFlags::empty()).unwrap();
            let image = has_image.then_some(directories.image.as_path());
            fill_marked(image, &directories.volume, &directories.open(), MARK).unwrap();
            assert!(!directories.volume.join("half").exists());
            assert_eq!(directories.volume.join("sub/file").exists(), has_image);
            assert!(!directories.is_marked());
        }
    }
}
