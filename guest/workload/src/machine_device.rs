//! Devices of the machine that a container gets besides those of every container.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, Stat, Uid, chmodat, chownat, major, makedev, minor, mknodat, stat};
use rustix::io::Errno;

use crate::device_policy::Rule;
use crate::in_root::ensure_directory;
use crate::mount::MountError;
use crate::spec::ContainerSpec;

/// Where the machine's nodes are, and where the container's appear.
const DIRECTORY: &str = "/dev";

/// What is not a device, or has its own file system in a container.
const LEFT_OUT: [&str; 4] = ["pts", "shm", "mqueue", "ptmx"];

/// A device of the machine, and its node in the container.
#[derive(Debug)]
pub(crate) struct Node {
    target: String,
    status: Stat,
    read: bool,
    write: bool,
}

/// The devices that a container gets, as the machine has them now.
///
/// # Errors
/// One that the machine does not have.
pub(crate) fn nodes(spec: &ContainerSpec) -> Result<Vec<Node>, MountError> {
    let mut nodes = Vec::new();
    for device in &spec.devices {
        let missing = |source| MountError::Device {
            path: device.path.clone(),
            source,
        };
        let status = stat(device.path.as_str()).map_err(missing)?;
        if !is_device(&status) {
            return Err(missing(Errno::NODEV));
        }
        nodes.push(Node {
            target: device.target.clone(),
            status,
            read: device.read,
            write: device.write,
        });
    }
    if spec.privileged {
        add_all(Path::new(DIRECTORY), &mut nodes);
    }
    Ok(nodes)
}

/// Adds every device below `directory`. One that goes away meanwhile is none.
fn add_all(directory: &Path, nodes: &mut Vec<Node>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_left_out = directory == Path::new(DIRECTORY) && LEFT_OUT.iter().any(|name| entry.file_name() == *name);
        let Ok(kind) = entry.file_type() else { continue };
        if is_left_out || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            add_all(&path, nodes);
        } else if let (Ok(status), Some(target)) = (stat(&path), path.to_str())
            && is_device(&status)
        {
            nodes.push(Node {
                target: target.to_owned(),
                status,
                read: true,
                write: true,
            });
        }
    }
}

fn is_device(status: &Stat) -> bool {
    let kind = FileType::from_raw_mode(status.st_mode);
    matches!(kind, FileType::BlockDevice | FileType::CharacterDevice)
}

impl Node {
    /// What may be done with it.
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            is_block: FileType::from_raw_mode(self.status.st_mode) == FileType::BlockDevice,
            major: major(self.status.st_rdev),
            minor: Some(minor(self.status.st_rdev)),
            read: self.read,
            write: self.write,
        }
    }
}

/// Makes the nodes below `root`, which has a `/dev` of its own by now. A node that is there already stays.
pub(crate) fn make_nodes(root: &OwnedFd, nodes: &[Node]) -> Result<(), MountError> {
    for node in nodes {
        let failed = |source| MountError::Prepare {
            path: PathBuf::from(&node.target),
            source,
        };
        let (parent, name) = node.target.rsplit_once('/').ok_or(Errno::INVAL).map_err(failed)?;
        let parent = ensure_directory(root.as_fd(), parent).map_err(failed)?;
        let Stat {
            st_mode,
            st_uid,
            st_gid,
            st_rdev,
            ..
        } = node.status;
        let mode = Mode::from_raw_mode(st_mode);
        let device = makedev(major(st_rdev), minor(st_rdev));
        match mknodat(&parent, name, FileType::from_raw_mode(st_mode), mode, device) {
            Ok(()) => {}
            Err(Errno::EXIST) => continue,
            Err(source) => return Err(failed(source)),
        }
        let (uid, gid) = (Uid::from_raw(st_uid), Gid::from_raw(st_gid));
        chownat(&parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        // mknod is subject to the umask.
        chmodat(&parent, name, mode, AtFlags::empty()).map_err(failed)?;
    }
    Ok(())
}
