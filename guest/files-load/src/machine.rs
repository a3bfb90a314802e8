//! What the first process of a machine has to do.

use std::fs;
use std::io;
use std::path::PathBuf;

use rustix::mount::{MountFlags, mount as mount_at};
use rustix::system::{RebootCommand, reboot};

/// Mounts the device of this tag.
///
/// # Errors
/// When the kernel has no such device, or does not mount it.
pub(crate) fn mount(tag: &str) -> io::Result<PathBuf> {
    let place = PathBuf::from("/load");
    fs::create_dir_all(&place)?;
    mount_at(tag, &place, "virtiofs", MountFlags::empty(), None)?;
    Ok(place)
}

/// Ends the machine: QEMU is told to end when its machine restarts.
pub(crate) fn end() {
    rustix::fs::sync();
    // It does not come back.
    let _ = reboot(RebootCommand::Restart);
}
