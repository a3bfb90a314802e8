//! Which devices the processes of the container may open.
//!
//! Root in the container has CAP_MKNOD, as with Docker, and so can make a node for any device of the machine: its disks,
//! its console, the port to the host. A BPF program attached to the container's control group decides whether it
//! can be opened. The program applies to all groups below as well, and to every node: one that the workload made, one of the image,
//! and one of a devtmpfs that the workload mounted.

mod attach;
mod program;

use std::io;
use std::os::fd::BorrowedFd;

use crate::device::NODES;
use program::program;

/// A device that may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Whether it is a block device, else a character device.
    pub(crate) is_block: bool,
    pub(crate) major: u32,
    /// `None` for all.
    pub(crate) minor: Option<u32>,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// Devices besides those in `/dev`, devices.txt: terminals, and devices that have no effect for a process without the capability to
/// mount or to configure the network.
const MORE: [(u32, Option<u32>); 4] = [
    // ptmx. /dev/console (5, 1) is the machine's own and not allowed; a container's console is one of its terminals.
    (5, Some(2)),
    // Terminals of /dev/pts.
    (136, None),
    // fuse
    (10, Some(229)),
    // net/tun
    (10, Some(200)),
];

/// What may be opened in every container: character devices. No block device may.
fn allowed() -> impl Iterator<Item = Rule> {
    let nodes = NODES.map(|(_, major, minor)| (major, Some(minor)));
    nodes.into_iter().chain(MORE).map(|(major, minor)| Rule {
        is_block: false,
        major,
        minor,
        read: true,
        write: true,
    })
}

/// Restricts the devices of all processes in `cgroup` and in the groups below it to those of every container and to `more`. Making nodes is not
/// restricted, because unpacking an archive may need it; CAP_MKNOD decides about it.
///
/// # Errors
/// The kernel's: it lacks CONFIG_CGROUP_BPF, or the caller CAP_BPF or CAP_NET_ADMIN.
pub(crate) fn restrict(cgroup: BorrowedFd<'_>, more: &[Rule]) -> io::Result<()> {
    let rules: Vec<Rule> = allowed().chain(more.iter().copied()).collect();
    attach::attach(cgroup, &program(&rules))
}
