//! Requests of the agent's process, also such as only a hostile machine sends: they change nothing on the host.

use std::collections::HashMap;

use super::*;
use crate::serve::changes::{Name, Shown};
use crate::tree::{AGENT_DONE_NAME, AGENT_GROUP, AGENT_NAME};

const AGENT: i32 = 77;

/// A request of the agent's process, as it looks when it makes nothing.
fn marked() -> Context {
    Context {
        uid: u32::MAX.into(),
        gid: u32::MAX.into(),
        pid: AGENT,
    }
}

/// The attempt of a process of the group to make itself known.
fn introduce(machine: &Machine, pid: i32, group: u32) -> Option<i32> {
    let context = Context {
        uid: 0.into(),
        gid: group.into(),
        pid,
    };
    let none = Extensions::default();
    number(machine.filesystem.mkdir(context, ROOT_ID, AGENT_NAME, 0o700, 0, none))
}

/// Makes the agent's process known; requests as it makes them.
pub(super) fn introduced(machine: &Machine) -> Context {
    assert_eq!(introduce(machine, AGENT, AGENT_GROUP), Some(libc::EINPROGRESS));
    marked()
}

/// A machine whose agent's process is known.
fn machine(host: &Path) -> Machine {
    let machine = Machine::boot(host, ONE);
    introduced(&machine);
    machine
}

/// The entries `names` of the tree itself.
fn show(machine: &Machine, names: &[(&str, Shown)]) {
    let name = |text: &str| Name {
        directory: Directory { tree: 0, node: ROOT_ID },
        name: text.into(),
    };
    let names: HashMap<_, _> = names.iter().map(|(text, shown)| (name(text), *shown)).collect();
    machine.filesystem.changes.shown.replace(names);
}

fn id(node: u64) -> u64 {
    match Node::of_number(node) {
        Node::Of(_, id) => id,
        Node::Root => panic!("the root of the device"),
    }
}

fn content(host: &Path) -> Vec<(PathBuf, u64, u32)> {
    let mut found = Vec::new();
    for name in ["shared", "shared/file", "shared/below", "secret"] {
        let metadata = fs::symlink_metadata(host.join(name)).unwrap();
        found.push((host.join(name), metadata.len(), metadata.mode()));
    }
    let count = fs::read_dir(host.join("shared")).unwrap().count();
    found.push((PathBuf::new(), count as u64, 0));
    found
}

#[test]
fn without_a_change_to_tell_every_marked_change_is_refused_and_the_host_stays_as_it_is() {
    let host = host();
    let machine = machine(host.path());
    let before = content(host.path());
    let (tree, file) = (machine.node("tree"), machine.node("tree/file"));
    let filesystem = &machine.filesystem;
    let (old, new) = (text("file"), text("new"));
    let none = Extensions::default;
    let flags = (libc::O_CREAT | libc::O_RDWR).cast_unsigned();
    let refused = Some(libc::EPERM);
    assert_eq!(
        number(filesystem.mknod(marked(), tree, &new, libc::S_IFREG | 0o644, 0, 0, none())),
        refused
    );
    assert_eq!(
        number(filesystem.mkdir(marked(), tree, &new, 0o755, 0, none())),
        refused
    );
    assert_eq!(number(filesystem.symlink(marked(), &old, tree, &new, none())), refused);
    assert_eq!(
        number(filesystem.create(marked(), tree, &new, 0o644, false, flags, 0, none())),
        refused
    );
    assert_eq!(number(filesystem.link(marked(), file, tree, &new)), refused);
    assert_eq!(number(filesystem.unlink(marked(), tree, &old)), refused);
    assert_eq!(number(filesystem.rmdir(marked(), tree, &text("below"))), refused);
    assert_eq!(number(filesystem.rename(marked(), tree, &old, tree, &new, 0)), refused);
    assert_eq!(
        number(filesystem.mkdir(marked(), tree, &text(".."), 0o755, 0, none())),
        Some(libc::EINVAL)
    );
    let empty = SetattrIn::default();
    let valid = SetattrValid::SIZE | SetattrValid::MODE | SetattrValid::UID | SetattrValid::MTIME;
    let (attributes, _) = filesystem.setattr(marked(), file, empty, None, valid).unwrap();
    assert_eq!((attributes.size, seen(&attributes)), (7, (0, 0, before[1].2 & 0o777)));
    assert_eq!(content(host.path()), before);
}

#[test]
fn what_the_agent_opens_is_not_open_here() {
    let host = host();
    let machine = machine(host.path());
    let file = machine.node("tree/file");
    let filesystem = &machine.filesystem;
    let flags = (libc::O_WRONLY | libc::O_TRUNC).cast_unsigned();
    let (handle, _) = filesystem.open(marked(), file, false, flags).unwrap();
    let handle = handle.unwrap();
    assert_eq!(fs::read(host.path().join("shared/file")).unwrap(), b"content");
    assert!(filesystem.fallocate(nobody(), file, handle, 0, 0, 100).is_err());
    assert!(filesystem.fsync(nobody(), file, false, handle).is_err());
    filesystem.flush(nobody(), file, handle, 0).unwrap();
    filesystem
        .release(nobody(), file, flags, handle, false, false, None)
        .unwrap();
    filesystem
        .release(nobody(), file, flags, handle, false, false, None)
        .unwrap();
}

#[test]
fn what_was_made_on_the_host_is_not_there_until_the_agent_makes_it() {
    let host = host();
    let machine = machine(host.path());
    let tree = machine.node("tree");
    let filesystem = &machine.filesystem;
    fs::write(host.path().join("shared/new"), "12345").unwrap();
    show(&machine, &[("new", Shown::Absent)]);
    let name = text("new");
    let none = Extensions::default;
    assert_eq!(number(filesystem.lookup(marked(), tree, &name)), Some(libc::ENOENT));
    assert_eq!(machine.look("tree/new").unwrap().attr.size, 5, "others see it");
    let made = filesystem
        .mknod(marked(), tree, &name, libc::S_IFREG, 0, 0, none())
        .unwrap();
    assert_eq!((made.inode, made.attr.size), (machine.node("tree/new"), 5));
    let again = filesystem.mknod(marked(), tree, &name, libc::S_IFREG, 0, 0, none());
    assert_eq!(number(again), Some(libc::EPERM));
    show(&machine, &[("new", Shown::Absent)]);
    let other_type = filesystem.mkdir(marked(), tree, &name, 0o755, 0, none());
    assert_eq!(number(other_type), Some(libc::EEXIST));
    assert_eq!(fs::read(host.path().join("shared/new")).unwrap(), b"12345");
}

#[test]
fn what_is_gone_from_the_host_is_there_until_the_agent_removes_it() {
    let host = host();
    let machine = machine(host.path());
    let (tree, file) = (machine.node("tree"), machine.node("tree/file"));
    let filesystem = &machine.filesystem;
    fs::rename(host.path().join("shared/file"), host.path().join("kept")).unwrap();
    show(
        &machine,
        &[
            ("file", Shown::Node(id(file), libc::S_IFREG)),
            ("unseen", Shown::Unknown(libc::S_IFDIR)),
        ],
    );
    let name = text("file");
    assert_eq!(
        number(machine.look("tree/file")),
        Some(libc::ENOENT),
        "others do not see it"
    );
    assert_eq!(filesystem.lookup(marked(), tree, &name).unwrap().inode, file);
    filesystem.unlink(marked(), tree, &name).unwrap();
    assert_eq!(number(filesystem.lookup(marked(), tree, &name)), Some(libc::ENOENT));
    assert_eq!(number(filesystem.unlink(marked(), tree, &name)), Some(libc::EPERM));

    let unseen = text("unseen");
    assert_eq!(
        number(filesystem.rmdir(marked(), tree, &unseen)),
        Some(libc::EPERM),
        "before it is looked up"
    );
    let stand_in = filesystem.lookup(marked(), tree, &unseen).unwrap();
    assert_eq!(stand_in.attr.mode & libc::S_IFMT, libc::S_IFDIR);
    assert_eq!(
        number(filesystem.getattr(nobody(), stand_in.inode, None)),
        Some(libc::ESTALE)
    );
    assert_eq!(
        number(filesystem.lookup(nobody(), stand_in.inode, &text("a"))),
        Some(libc::ESTALE)
    );
    filesystem.rmdir(marked(), tree, &unseen).unwrap();
    filesystem.forget(nobody(), stand_in.inode, 1);
    assert_eq!(
        number(filesystem.getattr(nobody(), stand_in.inode, None)),
        Some(libc::EBADF)
    );
    assert!(host.path().join("kept").exists());
}

#[test]
fn what_has_lost_its_last_name_has_one_until_the_agent_removes_it() {
    let host = host();
    let machine = machine(host.path());
    let (tree, below, file) = (
        machine.node("tree"),
        machine.node("tree/below"),
        machine.node("tree/file"),
    );
    fs::remove_dir(host.path().join("shared/below")).unwrap();
    fs::remove_file(host.path().join("shared/file")).unwrap();
    let shown = [("below", below), ("file", file)].map(|(name, node)| (name, Shown::Node(id(node), 0)));
    show(&machine, &shown);
    for name in ["below", "file"] {
        let entry = machine.filesystem.lookup(marked(), tree, &text(name)).unwrap();
        assert_eq!(entry.attr.nlink, 1, "{name}");
        let (attributes, _) = machine.filesystem.getattr(marked(), entry.inode, None).unwrap();
        assert_eq!(attributes.nlink, 1, "{name}");
        let (attributes, _) = machine.filesystem.getattr(nobody(), entry.inode, None).unwrap();
        assert_eq!(attributes.nlink, 0, "{name}: to others");
    }
}

#[test]
fn what_the_machine_has_forgotten_meanwhile_is_still_shown() {
    let host = host();
    let machine = machine(host.path());
    let (tree, below) = (machine.node("tree"), machine.node("tree/below"));
    fs::remove_dir(host.path().join("shared/below")).unwrap();
    show(&machine, &[("below", Shown::Node(id(below), libc::S_IFDIR))]);
    machine.filesystem.forget(nobody(), below, 1);
    let entry = machine.filesystem.lookup(marked(), tree, &text("below")).unwrap();
    assert_ne!(entry.inode, below);
    assert_eq!(entry.attr.mode & libc::S_IFMT, libc::S_IFDIR);
    machine.filesystem.rmdir(marked(), tree, &text("below")).unwrap();
}

#[test]
fn what_was_renamed_on_the_host_keeps_its_node() {
    let host = host();
    let machine = machine(host.path());
    let (tree, file) = (machine.node("tree"), machine.node("tree/file"));
    fs::rename(host.path().join("shared/file"), host.path().join("shared/new")).unwrap();
    show(
        &machine,
        &[("file", Shown::Node(id(file), libc::S_IFREG)), ("new", Shown::Absent)],
    );
    let (old, new) = (text("file"), text("new"));
    let rename = |context| machine.filesystem.rename(context, tree, &old, tree, &new, 0);
    assert!(rename(marked()).is_ok());
    assert_eq!(number(rename(marked())), Some(libc::EPERM));
    assert_eq!(machine.node("tree/new"), file);
    assert_eq!(fs::read(host.path().join("shared/new")).unwrap(), b"content");
}

#[test]
fn one_process_is_the_agent_s_and_only_while_it_says_so() {
    let host = host();
    let machine = Machine::boot(host.path(), ONE);
    let look = |name| number(machine.filesystem.lookup(marked(), ROOT_ID, name));
    assert_eq!(look(AGENT_NAME), Some(libc::ENOENT));
    assert_eq!(introduce(&machine, AGENT, 0), Some(libc::EPERM));
    assert_eq!(look(AGENT_NAME), Some(libc::ENOENT), "any group will not do");
    assert_eq!(introduce(&machine, 0, AGENT_GROUP), Some(libc::EINPROGRESS));
    let nobody_s = machine.filesystem.lookup(nobody(), ROOT_ID, AGENT_NAME);
    assert_eq!(
        number(nobody_s),
        Some(libc::ENOENT),
        "a process that the kernel does not tell is not the agent's"
    );
    assert_eq!(introduce(&machine, AGENT, AGENT_GROUP), Some(libc::EINPROGRESS));
    assert_eq!(look(AGENT_NAME), Some(libc::EINPROGRESS));
    assert_eq!(look(AGENT_DONE_NAME), Some(libc::ENOENT));
    assert_eq!(look(AGENT_NAME), Some(libc::ENOENT));
    let tree = machine.node("tree");
    machine.filesystem.unlink(marked(), tree, &text("file")).unwrap();
    assert!(
        !host.path().join("shared/file").exists(),
        "it is a process as any other"
    );
}
