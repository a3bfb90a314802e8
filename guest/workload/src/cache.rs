//! Directories of the host that the steps of several machines fill.
//!
//! The directory that is shared has one in it that the steps see. It is made whole by the first machine that needs it, and put in its place by a rename: another
//! machine that makes it at the same moment finds the place taken and uses what is there.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::in_root::{find_any, path_of};
use crate::layout::Layout;
use crate::mount::MountError;
use crate::show::show;
use crate::spec::{CacheSpec, FileOwner};
use crate::step_tree::open_part;
use crate::volume::content;

/// What steps see, within what is shared.
const CONTENT: &str = "content";
/// Gives another text at each reading, random(4).
const FRESH_TEXT: &str = "/proc/sys/kernel/random/uuid";

/// Shows a cache at `target` below the container's root.
pub(crate) fn show_cache(layout: &Layout, root: &OwnedFd, target: &str, cache: &CacheSpec) -> Result<(), MountError> {
    let shared = layout.shares().join(&cache.name);
    let initial = cache.initial.as_ref().map(|part| open_part(layout, target, part));
    let initial = initial.transpose()?.map(|opened| (path_of(&opened), opened));
    let source = initial.as_ref().map(|(path, _)| path.as_path());
    ensure_content(&shared, source, cache.owner).map_err(|source| MountError::Fill {
        target: target.to_owned(),
        source,
    })?;
    let failed = |source| MountError::Tree {
        subpath: cache.subpath.clone(),
        target: target.to_owned(),
        source,
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let content = openat(CWD, shared.join(CONTENT), flags, Mode::empty()).map_err(failed)?;
    let shown = match cache.subpath.as_str() {
        "" => content,
        path => find_any(content.as_fd(), path).map_err(failed)?,
    };
    show(root, target, shown, "", cache.read_only)
}

/// Makes the directory that steps see unless it is there: a copy of `initial`, else an empty one of this owner.
fn ensure_content(shared: &Path, initial: Option<&Path>, owner: FileOwner) -> io::Result<()> {
    let content = shared.join(CONTENT);
    if content.exists() {
        return Ok(());
    }
    let making = shared.join(format!("making-{}", fs::read_to_string(FRESH_TEXT)?.trim_end()));
    fs::create_dir(&making)?;
    let made = match initial {
        Some(initial) => content::fill_share(Some(initial), &making),
        None => chown(&making, Some(owner.uid), Some(owner.gid))
            .and_then(|()| fs::set_permissions(&making, fs::Permissions::from_mode(owner.mode & 0o7777))),
    };
    match made.and_then(|()| fs::rename(&making, &content)) {
        Ok(()) => Ok(()),
        Err(error) => {
            // Whatever it is, nobody else knows of it.
            let _ = fs::remove_dir_all(&making);
            let is_taken = [Errno::EXIST, Errno::NOTEMPTY].map(Errno::raw_os_error);
            match error.raw_os_error() {
                Some(errno) if is_taken.contains(&errno) => Ok(()),
                _ => Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn owner_of(directory: &Path) -> FileOwner {
        let found = fs::metadata(directory).unwrap();
        FileOwner {
            uid: found.uid(),
            gid: found.gid(),
            mode: 0o2750,
        }
    }

    #[test]
    fn a_cache_is_made_once() {
        let shared = tempfile::tempdir().unwrap();
        let owner = owner_of(shared.path());
        ensure_content(shared.path(), None, owner).unwrap();
        let content = shared.path().join(CONTENT);
        assert_eq!(fs::metadata(&content).unwrap().mode() & 0o7777, 0o2750);
        fs::write(content.join("kept"), "").unwrap();
        ensure_content(shared.path(), None, FileOwner { mode: 0o777, ..owner }).unwrap();
        assert_eq!(fs::metadata(&content).unwrap().mode() & 0o7777, 0o2750);
        assert!(content.join("kept").exists());
        assert_eq!(fs::read_dir(shared.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_cache_gets_a_copy_with_its_modes() {
        let (shared, initial) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(initial.path().join("seed"), "x").unwrap();
        fs::set_permissions(initial.path(), fs::Permissions::from_mode(0o701)).unwrap();
        ensure_content(shared.path(), Some(initial.path()), owner_of(shared.path())).unwrap();
        let content = shared.path().join(CONTENT);
        assert_eq!(fs::read(content.join("seed")).unwrap(), b"x");
        assert_eq!(fs::metadata(&content).unwrap().mode() & 0o7777, 0o701);
    }
}
