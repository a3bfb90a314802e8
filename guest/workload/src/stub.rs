//! Mount points that were made for one step, and are taken away after it.
//!
//! What is mounted for a step needs a file or a directory under it. Where the layers have none it is made, and would be in the step's layer; and so would every
//! directory above it, which overlayfs copies for that. After the step, when nothing is mounted any more, this is undone in the upper directory itself: what is
//! still empty goes, and a copied directory that has nothing in it and is as it was before goes as well. What the step has put there or changed stays.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps, UTIME_OMIT, fstat, lgetxattr,
    openat, openat2, readlinkat, statat, unlinkat, utimensat,
};
use rustix::io::Errno;

use crate::in_root::path_of;

/// As many links as the kernel follows, `MAXSYMLINKS` in linux/namei.h.
const LINKS_MAX: usize = 40;

/// What makes a directory hide those below it, overlayfs.rst.
const OPAQUE: &str = "trusted.overlay.opaque";

/// The mount points that a step's root lacked.
#[derive(Debug, Default)]
pub(crate) struct Stubs(Vec<Stub>);

/// A path of which the end was missing.
#[derive(Debug)]
struct Stub {
    /// The directories that were there, from the root on, by their paths from it.
    parents: Vec<Parent>,
    /// The names below the last of them.
    missing: Vec<OsString>,
}

#[derive(Debug)]
struct Parent {
    path: PathBuf,
    before: Facts,
    /// Whether the upper directory had it already: then it is the step's.
    is_own: bool,
}

/// What a directory is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    mode: u32,
    uid: u32,
    gid: u32,
    modified: (i64, i64),
}

impl Facts {
    fn of(status: &Stat) -> Self {
        Self {
            mode: status.st_mode,
            uid: status.st_uid,
            gid: status.st_gid,
            modified: (status.st_mtime, status.st_mtime_nsec.try_into().unwrap_or_default()),
        }
    }
}

impl Stubs {
    /// Looks which of these paths, absolute within `root`, are missing there. `upper` is the upper directory of the overlay at `root`.
    pub(crate) fn look<'a>(root: &OwnedFd, upper: &Path, targets: impl IntoIterator<Item = &'a str>) -> Self {
        let found = targets.into_iter().filter_map(|target| look_at(root, upper, target));
        Self(found.collect())
    }

    /// Takes away from `upper` what has become of them. Nothing is mounted on top of it.
    pub(crate) fn undo(self, upper: &Path) {
        let Ok(upper) = openat(
            CWD,
            upper,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        ) else {
            return;
        };
        // What was made last is below what was made before it.
        for stub in self.0.into_iter().rev() {
            // What cannot be taken away stays in the layer, which is no harm.
            let _ = stub.undo(upper.as_fd());
        }
    }
}

fn look_at(root: &OwnedFd, upper: &Path, target: &str) -> Option<Stub> {
    let (parents, missing) = split(root, target)?;
    let mut path = PathBuf::new();
    let own = std::iter::once(OsStr::new("")).chain(parents.iter());
    let parents = own.map(|name| {
        path.push(name);
        let within = Path::new("/").join(&path);
        let directory = open_in_root(root, &within).ok()?;
        Some(Parent {
            before: Facts::of(&fstat(&directory).ok()?),
            is_own: upper.join(&path).symlink_metadata().is_ok(),
            path: path.clone(),
        })
    });
    Some(Stub {
        parents: parents.collect::<Option<_>>()?,
        missing,
    })
}

/// The part of a path that is there, without links, and the names that are missing; nothing where all of it is there.
fn split(root: &OwnedFd, target: &str) -> Option<(PathBuf, Vec<OsString>)> {
    let top = std::fs::read_link(path_of(root)).ok()?;
    let mut path = PathBuf::from("/").join(target);
    for _ in 0..LINKS_MAX {
        let names: Vec<OsString> = path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name.to_owned()),
                Component::ParentDir => Some("..".into()),
                _ => None,
            })
            .collect();
        let there = (0..=names.len()).rev().find_map(|count| {
            let prefix: PathBuf = std::iter::once(OsStr::new("/"))
                .chain(names[..count].iter().map(AsRef::as_ref))
                .collect();
            Some((count, open_in_root(root, &prefix).ok()?))
        });
        let (count, directory) = there?;
        let (first, _) = names[count..].split_first()?;
        let real = std::fs::read_link(path_of(&directory)).ok()?;
        let real = real.strip_prefix(&top).ok()?.to_owned();
        match readlinkat(&directory, first, Vec::new()) {
            // A link that leads nowhere yet.
            Ok(link) => {
                let link = PathBuf::from(OsString::from_vec(link.into_bytes()));
                let rest: PathBuf = names[count + 1..].iter().collect();
                path = Path::new("/").join(real).join(link).join(rest);
            }
            Err(_) => return Some((real, names[count..].to_vec())),
        }
    }
    None
}

fn open_in_root(root: &OwnedFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    openat2(
        root,
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::IN_ROOT,
    )
}

/// Opens what is at a path of the upper directory, in which the step may have put links.
fn open_in_upper(upper: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(
        upper,
        path,
        flags,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    )
}

impl Stub {
    fn undo(self, upper: BorrowedFd<'_>) -> rustix::io::Result<()> {
        let Self { mut parents, missing } = self;
        let Some(parent) = parents.last() else { return Ok(()) };
        for count in (1..=missing.len()).rev() {
            let path: PathBuf = std::iter::once(parent.path.as_os_str())
                .chain(missing[..count].iter().map(OsString::as_os_str))
                .collect();
            remove_empty(upper, &path)?;
        }
        // Its time is that of the mount point.
        let directory = open_in_upper(upper, &parent.path)?;
        set_modified(&directory, parent.before.modified)?;
        while let Some(parent) = parents.pop() {
            let (Some(_), Some(above)) = (parent.path.file_name(), parents.last()) else {
                return Ok(());
            };
            if parent.is_own || !is_as_before(upper, &parent)? {
                return Ok(());
            }
            let above = open_in_upper(upper, &above.path)?;
            let modified = Facts::of(&fstat(&above)?).modified;
            unlinkat(&above, parent.path.file_name().unwrap_or_default(), AtFlags::REMOVEDIR)?;
            set_modified(&above, modified)?;
        }
        Ok(())
    }
}

/// Removes a directory or a file with nothing in it.
fn remove_empty(upper: BorrowedFd<'_>, path: &Path) -> rustix::io::Result<()> {
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return Err(Errno::INVAL);
    };
    let parent = open_in_upper(upper, parent)?;
    let found = statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory => unlinkat(&parent, name, AtFlags::REMOVEDIR),
        FileType::RegularFile if found.st_size == 0 => unlinkat(&parent, name, AtFlags::empty()),
        _ => Err(Errno::NOTEMPTY),
    }
}

/// Whether a directory that overlayfs has copied says nothing that the one below does not.
fn is_as_before(upper: BorrowedFd<'_>, parent: &Parent) -> rustix::io::Result<bool> {
    let directory = open_in_upper(upper, &parent.path)?;
    let is_opaque = lgetxattr(path_of(&directory).join("."), OPAQUE, &mut [0; 1][..]).is_ok();
    Ok(!is_opaque && Facts::of(&fstat(&directory)?) == parent.before)
}

fn set_modified(directory: &OwnedFd, (seconds, nanoseconds): (i64, i64)) -> rustix::io::Result<()> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: seconds,
            tv_nsec: nanoseconds,
        },
    };
    utimensat(directory, ".", &times, AtFlags::empty())
}
