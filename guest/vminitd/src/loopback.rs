//! Brings the loopback interface up.

use crate::interface::link;
use crate::netlink::Netlink;

/// The loopback interface is the first of every network namespace.
const LOOPBACK_INDEX: u32 = 1;

/// Sets `lo` up; the kernel gives it its addresses.
pub(crate) fn bring_up() -> rustix::io::Result<()> {
    link::set_up(&mut Netlink::open()?, LOOPBACK_INDEX, true)
}
