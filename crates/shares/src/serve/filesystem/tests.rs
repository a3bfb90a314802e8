//! What a machine can do to the host's files, played by calls as its kernel makes them, good and bad ones.

mod changes;
mod locks;
mod marked;
mod records;

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use virtiofsd::filesystem::{Extensions, FsOptions, SetattrValid, SetxattrFlags};
use virtiofsd::fuse::SetattrIn;
use virtiofsd::soft_idmap::Id as _;

use super::*;
use crate::tree::OWNER_ATTRIBUTE;

/// A machine that sees trees of a directory of the host.
struct Machine {
    host: PathBuf,
    filesystem: Filesystem,
}

fn host() -> TempDir {
    let host = tempfile::tempdir().unwrap();
    fs::create_dir_all(host.path().join("shared/below")).unwrap();
    fs::create_dir(host.path().join("other")).unwrap();
    fs::write(host.path().join("shared/file"), "content").unwrap();
    fs::write(host.path().join("secret"), "secret").unwrap();
    host
}

impl Machine {
    fn boot(host: &Path, trees: &[(&str, &str, bool)]) -> Self {
        Self::with_descriptors(host, trees, 100)
    }

    fn with_descriptors(host: &Path, trees: &[(&str, &str, bool)], limit: u64) -> Self {
        let trees: Vec<_> = trees
            .iter()
            .map(|(name, path, read_only)| SharedTree {
                name: (*name).to_owned(),
                path: host.join(path),
                read_only: *read_only,
                owner: TreeOwner::Named,
                records: None,
            })
            .collect();
        let filesystem = Filesystem::new(&trees, limit, 16).unwrap();
        filesystem.init(FsOptions::all()).unwrap();
        Self {
            host: host.to_owned(),
            filesystem,
        }
    }

    /// The entry at a path of the device.
    fn look(&self, path: &str) -> io::Result<Entry> {
        let mut found = None;
        let mut parent = ROOT_ID;
        for name in path.split('/') {
            let entry = self.filesystem.lookup(nobody(), parent, &text(name))?;
            parent = entry.inode;
            found = Some(entry);
        }
        found.ok_or_else(|| error(libc::ENOENT))
    }

    fn node(&self, path: &str) -> u64 {
        self.look(path).unwrap().inode
    }

    fn change(&self, path: &str, valid: SetattrValid, change: SetattrIn) -> io::Result<Attr> {
        let node = self.node(path);
        self.filesystem
            .setattr(nobody(), node, change, None, valid)
            .map(|(attributes, _)| attributes)
    }

    fn chown(&self, path: &str, user: u32, group: u32) -> io::Result<Attr> {
        let change = SetattrIn {
            uid: user.into(),
            gid: group.into(),
            ..SetattrIn::default()
        };
        self.change(path, SetattrValid::UID | SetattrValid::GID, change)
    }

    fn chmod(&self, path: &str, mode: u32) -> io::Result<Attr> {
        let change = SetattrIn {
            mode,
            ..SetattrIn::default()
        };
        self.change(path, SetattrValid::MODE, change)
    }

    fn create(&self, who: u32, parent: &str, name: &str, mode: u32) -> io::Result<Entry> {
        let context = Context {
            uid: who.into(),
            gid: who.into(),
            pid: 1,
        };
        let flags = (libc::O_CREAT | libc::O_RDWR).cast_unsigned();
        let parent = self.node(parent);
        let created = self.filesystem.create(
            context,
            parent,
            &text(name),
            mode,
            false,
            flags,
            0o022,
            Extensions::default(),
        );
        created.map(|(entry, _, _)| entry)
    }

    fn host_mode(&self, path: &str) -> u32 {
        fs::metadata(self.host.join(path)).unwrap().permissions().mode() & 0o7777
    }
}

fn text(name: &str) -> CString {
    CString::new(name).unwrap()
}

fn seen(attributes: &Attr) -> (u32, u32, u32) {
    (
        attributes.uid.into_inner(),
        attributes.gid.into_inner(),
        attributes.mode & 0o7777,
    )
}

fn number<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

const ONE: &[(&str, &str, bool)] = &[("tree", "shared", false)];

#[test]
fn owners_and_modes_are_remembered_and_the_host_s_stay() {
    let host = host();
    let owner_before = fs::metadata(host.path().join("shared/file")).unwrap().uid();
    let machine = Machine::boot(host.path(), ONE);
    assert_eq!(
        seen(&machine.chown("tree/file", 999, 998).unwrap()),
        (999, 998, machine.host_mode("shared/file"))
    );
    assert_eq!(seen(&machine.chmod("tree/file", 0o4711).unwrap()), (999, 998, 0o4711));
    assert_eq!(machine.host_mode("shared/file"), 0o711, "no special bits on the host");
    assert_eq!(
        fs::metadata(host.path().join("shared/file")).unwrap().uid(),
        owner_before
    );
    let again = Machine::boot(host.path(), ONE);
    assert_eq!(seen(&again.look("tree/file").unwrap().attr), (999, 998, 0o4711));
}

#[test]
fn a_mode_without_permissions_leaves_the_file_to_this_process() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    assert_eq!(seen(&machine.chmod("tree/file", 0).unwrap()).2, 0);
    assert_eq!(machine.host_mode("shared/file"), 0o600);
    assert_eq!(seen(&machine.chmod("tree/file", 0o640).unwrap()).2, 0o640);
    fs::set_permissions(host.path().join("shared/file"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        seen(&machine.look("tree/file").unwrap().attr).2,
        0o755,
        "what is changed on the host counts"
    );
}

#[test]
fn a_file_that_nobody_may_write_to_can_be_given_away() {
    let host = host();
    fs::set_permissions(host.path().join("shared/file"), fs::Permissions::from_mode(0o444)).unwrap();
    let machine = Machine::boot(host.path(), ONE);
    assert_eq!(seen(&machine.chown("tree/file", 5, 6).unwrap()), (5, 6, 0o444));
    assert_eq!(
        machine.host_mode("shared/file"),
        0o444,
        "the permission was lent for a moment only"
    );
}

#[test]
fn what_is_made_belongs_to_its_maker_and_files_of_the_host_to_the_container_s_user() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let set = |value: &str| {
        let name = text(OWNER_ATTRIBUTE);
        machine
            .filesystem
            .setxattr(nobody(), ROOT_ID, &name, value.as_bytes(), 0, SetxattrFlags::empty())
    };
    assert_eq!(number(set("1000")), Some(libc::EINVAL));
    set("1000:100").unwrap();
    assert_eq!(number(set("0:0")), Some(libc::EEXIST), "once");
    let attr = machine.look("tree/file").unwrap().attr;
    assert_eq!((attr.uid.into_inner(), attr.gid.into_inner()), (1000, 100));
    assert_eq!(
        seen(&machine.create(999, "tree", "made", 0o666).unwrap().attr),
        (999, 999, 0o644)
    );
    assert_eq!(
        seen(&machine.create(7, "tree", "made", 0o600).unwrap().attr),
        (999, 999, 0o644),
        "it was there"
    );
    machine.chown("tree/below", 50, 60).unwrap();
    machine.chmod("tree/below", 0o2775).unwrap();
    let below = machine.node("tree/below");
    let context = Context {
        uid: 999.into(),
        gid: 999.into(),
        pid: 1,
    };
    let made = machine
        .filesystem
        .mkdir(context, below, &text("deeper"), 0o777, 0o022, Extensions::default())
        .unwrap();
    assert_eq!(
        seen(&made.attr),
        (999, 60, 0o2755),
        "the group's bit passes on the group and itself"
    );
    assert_eq!(machine.host_mode("shared/below/deeper"), 0o755);
}

#[test]
fn names_that_lead_out_of_a_tree_are_refused_and_nothing_happens_there() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let (files, tree) = (&machine.filesystem, machine.node("tree"));
    let none = Extensions::default;
    for name in ["..", ".", "", "../made", "below/made", "/tmp/made"] {
        let name = &text(name);
        let refusals = [
            number(files.lookup(nobody(), tree, name)),
            number(files.mkdir(nobody(), tree, name, 0o755, 0, none())),
            number(files.mknod(nobody(), tree, name, libc::S_IFREG | 0o644, 0, 0, none())),
            number(files.create(
                nobody(),
                tree,
                name,
                0o644,
                false,
                libc::O_RDWR.cast_unsigned(),
                0,
                none(),
            )),
            number(files.symlink(nobody(), &text("/"), tree, name, none())),
            number(files.unlink(nobody(), tree, name)),
            number(files.rmdir(nobody(), tree, name)),
            number(files.rename(nobody(), tree, name, tree, &text("x"), 0)),
            number(files.rename(nobody(), tree, &text("file"), tree, name, 0)),
            number(files.link(nobody(), machine.node("tree/file"), tree, name)),
        ];
        assert_eq!(refusals, [Some(libc::EINVAL); 10], "{name:?}");
    }
    let mut left: Vec<_> = fs::read_dir(host.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["other", "secret", "shared"]);
    assert_eq!(fs::read_dir(host.path().join("shared")).unwrap().count(), 2);
}

#[test]
fn a_symbolic_link_is_never_followed_on_the_host() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let tree = machine.node("tree");
    let link = machine
        .filesystem
        .symlink(nobody(), &text("../secret"), tree, &text("link"), Extensions::default())
        .unwrap();
    assert_eq!(machine.filesystem.readlink(nobody(), link.inode).unwrap(), b"../secret");
    assert_eq!(
        number(machine.filesystem.open(nobody(), link.inode, false, 0)),
        Some(libc::EBADF)
    );
    machine.chown("tree/link", 9, 9).unwrap();
    assert_eq!(machine.look("tree/link").unwrap().attr.uid.into_inner(), 9);
}

#[test]
fn a_new_link_has_its_maker_s_owner_whatever_was_set_of_one_before() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let tree = machine.node("tree");
    for round in 0..8 {
        let none = Extensions::default();
        let made = machine
            .filesystem
            .symlink(nobody(), &text("target"), tree, &text("link"), none)
            .unwrap();
        assert_eq!(made.attr.uid.into_inner(), 0, "{round}");
        machine.chown("tree/link", 9, 9).unwrap();
        machine.filesystem.unlink(nobody(), tree, &text("link")).unwrap();
        // The machine has forgotten it, so that the host gives its number again.
        machine.filesystem.forget(nobody(), made.inode, 2);
    }
}

#[test]
fn no_device_is_made() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let tree = machine.node("tree");
    for kind in [libc::S_IFCHR, libc::S_IFBLK] {
        let made = machine.filesystem.mknod(
            nobody(),
            tree,
            &text("device"),
            kind | 0o666,
            0,
            0,
            Extensions::default(),
        );
        assert_eq!(number(made), Some(libc::EPERM));
    }
}

#[test]
fn a_tree_for_reading_refuses_every_change() {
    let host = host();
    let machine = Machine::boot(host.path(), &[("tree", "shared", true)]);
    let (files, tree, file) = (&machine.filesystem, machine.node("tree"), machine.node("tree/file"));
    let none = Extensions::default;
    let open = |flags: i32| number(files.open(nobody(), file, false, flags.cast_unsigned()));
    assert_eq!(open(libc::O_RDONLY), None);
    let refusals = [
        open(libc::O_WRONLY),
        open(libc::O_RDWR),
        open(libc::O_RDONLY | libc::O_TRUNC),
        number(machine.chown("tree/file", 1, 1)),
        number(machine.chmod("tree/file", 0o600)),
        number(machine.create(0, "tree", "made", 0o644)),
        number(files.mkdir(nobody(), tree, &text("made"), 0o755, 0, none())),
        number(files.symlink(nobody(), &text("x"), tree, &text("made"), none())),
        number(files.unlink(nobody(), tree, &text("file"))),
        number(files.rmdir(nobody(), tree, &text("below"))),
        number(files.rename(nobody(), tree, &text("file"), tree, &text("made"), 0)),
        number(files.link(nobody(), file, tree, &text("made"))),
    ];
    assert_eq!(refusals, [Some(libc::EROFS); 12]);
}

#[test]
fn a_single_file_is_all_that_is_seen_of_its_directory() {
    let host = host();
    let machine = Machine::boot(host.path(), &[("file", "shared/file", false), ("tree", "other", false)]);
    let file = machine.look("file").unwrap();
    assert_eq!((file.attr.mode & libc::S_IFMT, file.attr.size), (libc::S_IFREG, 7));
    assert_eq!(
        number(
            machine
                .filesystem
                .open(nobody(), file.inode, false, libc::O_RDWR.cast_unsigned())
        ),
        None
    );
    assert_eq!(seen(&machine.chown("file", 3, 4).unwrap()).0, 3);
    for name in ["below", "..", "file", "../secret"] {
        assert!(
            machine.filesystem.lookup(nobody(), file.inode, &text(name)).is_err(),
            "{name}"
        );
    }
    let moved = machine
        .filesystem
        .rename(nobody(), machine.node("tree"), &text("x"), file.inode, &text("y"), 0);
    assert_eq!(number(moved), Some(libc::EXDEV), "trees are apart");
}

#[test]
fn nodes_that_were_never_given_do_not_exist() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    for node in [0, 2, 99, 1 << 47, (2 << 48) | 1, u64::MAX, (1 << 48) | 4000] {
        assert_eq!(
            number(machine.filesystem.getattr(nobody(), node, None)),
            Some(libc::EBADF),
            "{node:x}"
        );
        assert_eq!(
            number(machine.filesystem.lookup(nobody(), node, &text("file"))),
            Some(libc::EBADF),
            "{node:x}"
        );
        assert_eq!(
            number(machine.filesystem.opendir(nobody(), node, 0)),
            Some(libc::EBADF),
            "{node:x}"
        );
    }
    let root = machine
        .filesystem
        .mkdir(nobody(), ROOT_ID, &text("made"), 0o755, 0, Extensions::default());
    assert_eq!(number(root), Some(libc::EPERM));
    let tree = machine.node("tree");
    machine.filesystem.forget(nobody(), tree, 1000);
    assert!(machine.look("tree/file").is_ok(), "roots of trees are not forgotten");
}

#[test]
fn a_machine_knows_more_files_than_there_are_descriptors() {
    const FILES: usize = 400;
    let host = host();
    for index in 0..FILES {
        fs::write(host.path().join(format!("shared/below/{index}")), index.to_string()).unwrap();
    }
    let machine = Machine::with_descriptors(host.path(), ONE, 64);
    let nodes: Vec<u64> = (0..FILES)
        .map(|index| machine.node(&format!("tree/below/{index}")))
        .collect();
    assert!(machine.filesystem.trees[0].nodes().held_count() <= 33);
    for (index, node) in nodes.iter().enumerate() {
        let (attributes, _) = machine.filesystem.getattr(nobody(), *node, None).unwrap();
        assert_eq!(attributes.size as usize, index.to_string().len(), "{index}");
        assert_eq!(
            machine.node(&format!("tree/below/{index}")),
            *node,
            "it keeps its number"
        );
    }
    assert!(machine.filesystem.trees[0].nodes().held_count() <= 33);
}

#[test]
fn a_file_that_is_open_or_has_lost_its_name_stays_the_machine_s() {
    let host = host();
    let machine = Machine::with_descriptors(host.path(), ONE, 64);
    let (files, tree, file) = (&machine.filesystem, machine.node("tree"), machine.node("tree/file"));
    let flags = libc::O_RDONLY.cast_unsigned();
    let (handle, _) = files.open(nobody(), file, false, flags).unwrap();
    let unnamed = machine.create(0, "tree", "unnamed", 0o644).unwrap().inode;
    let renamed = machine.create(0, "tree", "before", 0o644).unwrap().inode;
    files.unlink(nobody(), tree, &text("unnamed")).unwrap();
    files
        .rename(nobody(), tree, &text("before"), tree, &text("after"), 0)
        .unwrap();
    for index in 0..200 {
        fs::write(host.path().join(format!("shared/below/{index}")), "").unwrap();
        machine.node(&format!("tree/below/{index}"));
    }
    assert_eq!(files.getattr(nobody(), file, handle).unwrap().0.size, 7);
    assert_eq!(files.getattr(nobody(), unnamed, None).unwrap().0.nlink, 0);
    assert_eq!(machine.node("tree/after"), renamed);
    files.getattr(nobody(), renamed, None).unwrap();
}

#[test]
fn a_name_that_leads_to_another_file_since_is_looked_up_again() {
    let host = host();
    let machine = Machine::with_descriptors(host.path(), ONE, 64);
    let file = machine.node("tree/file");
    for index in 0..200 {
        fs::write(host.path().join(format!("shared/below/{index}")), "").unwrap();
        machine.node(&format!("tree/below/{index}"));
    }
    // As editors save.
    fs::write(host.path().join("shared/new"), "edited").unwrap();
    fs::rename(host.path().join("shared/new"), host.path().join("shared/file")).unwrap();
    assert_eq!(
        number(machine.filesystem.getattr(nobody(), file, None)),
        Some(libc::ESTALE)
    );
    let again = machine.look("tree/file").unwrap();
    assert_ne!(again.inode, file);
    assert_eq!(again.attr.size, 6);
    machine.filesystem.forget(nobody(), file, 1);
    assert_eq!(machine.node("tree/file"), again.inode);
}
