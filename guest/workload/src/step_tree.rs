//! Trees that were brought in for one step: they lie on the writable disk beside what steps write, and are gone with their step.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::in_root::find_any;
use crate::layout::Layout;
use crate::mount::MountError;
use crate::show::show;
use crate::spec::{TreePart, TreeSpec};

/// Shows a file or a directory of a tree at `target` below the container's root.
pub(crate) fn show_tree(layout: &Layout, root: &OwnedFd, target: &str, tree: &TreeSpec) -> Result<(), MountError> {
    let source = open_part(layout, target, &tree.part)?;
    show(root, target, source, "", tree.read_only)
}

/// Opens a part of a tree, which no symbolic link leaves. `target` is for the error.
pub(crate) fn open_part(layout: &Layout, target: &str, part: &TreePart) -> Result<OwnedFd, MountError> {
    let failed = |source| MountError::Tree {
        subpath: part.path.clone(),
        target: target.to_owned(),
        source,
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let tree = openat(CWD, layout.tree(part.tree), flags, Mode::empty()).map_err(failed)?;
    match part.path.as_str() {
        "" => Ok(tree),
        path => find_any(tree.as_fd(), path).map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::readlink;

    use super::*;
    use crate::in_root::path_of;

    #[test]
    fn a_part_is_within_its_tree() {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::new(directory.path());
        let tree = layout.tree(3);
        std::fs::create_dir_all(tree.join("a")).unwrap();
        std::fs::write(tree.join("a/file"), "").unwrap();
        symlink("/a/file", tree.join("link")).unwrap();
        symlink("../../../../etc/passwd", tree.join("out")).unwrap();
        let find = |path: &str| {
            let part = TreePart {
                tree: 3,
                path: path.to_owned(),
            };
            let opened = open_part(&layout, "/t", &part).ok()?;
            let path = readlink(path_of(&opened), Vec::new()).unwrap();
            Some(path.into_string().unwrap())
        };
        let at = |path: &str| Some(tree.join(path).to_str().unwrap().to_owned());
        assert_eq!(find(""), at("").map(|path| path.trim_end_matches('/').to_owned()));
        assert_eq!(find("/a"), at("a"));
        assert_eq!(find("link"), at("a/file"));
        assert_eq!((find("out"), find("missing")), (None, None));
    }
}
