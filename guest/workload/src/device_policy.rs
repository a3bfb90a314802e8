//! Which devices the processes of the container may open.
//!
//! Root in the container has CAP_MKNOD, as with Docker, and so can make a node for any device of the machine: its disks,
//! its console, the port to the host. A program in the container's control group decides what becomes of opening it. It
//! holds for all groups below as well, and for whatever way a node came to be: made, in the image, or in a devtmpfs that
//! the workload has mounted.

mod attach;
mod program;

use std::io;
use std::os::fd::BorrowedFd;

use crate::device::NODES;
use program::program;

/// Devices besides those in `/dev`, devices.txt: terminals, and what is without effect for a process that lacks the
/// capability to mount or to configure the network.
const MORE: [(u32, Option<u32>); 4] = [
    // ptmx; /dev/console (5, 1) is the machine's own and not among them: a container's is one of its terminals.
    (5, Some(2)),
    // Terminals of /dev/pts.
    (136, None),
    // fuse
    (10, Some(229)),
    // net/tun
    (10, Some(200)),
];

/// Character devices that may be opened: major number, and minor number or all of them. No block device may.
fn allowed() -> Vec<(u32, Option<u32>)> {
    let nodes = NODES.map(|(_, major, minor)| (major, Some(minor)));
    nodes.into_iter().chain(MORE).collect()
}

/// Restricts the devices of all processes in `cgroup` and in the groups below it. Making a node stays as free as
/// CAP_MKNOD makes it: archives are unpacked, nobody is harmed.
///
/// # Errors
/// The kernel's: it lacks CONFIG_CGROUP_BPF, or the caller CAP_BPF or CAP_NET_ADMIN.
pub(crate) fn restrict(cgroup: BorrowedFd<'_>) -> io::Result<()> {
    attach::attach(cgroup, &program(&allowed()))
}
