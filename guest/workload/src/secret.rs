//! Files that are only in memory: a file system of their own has them, which is gone after the step.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::mount::MountFlags;

use crate::layout::Layout;
use crate::mount::{MountError, make_directory, mount};
use crate::show::show;
use crate::spec::SecretSpec;

const RESTRICTED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// Shows a file with this content at `target` below the container's root. It cannot be written to.
pub(crate) fn show_secret(
    layout: &Layout,
    root: &OwnedFd,
    target: &str,
    secret: &SecretSpec,
) -> Result<(), MountError> {
    let directory = layout.secrets();
    let is_new = !directory.exists();
    make_directory(&directory)?;
    if is_new {
        mount("tmpfs", "tmpfs", &directory, RESTRICTED, "mode=0700")?;
    }
    let failed = |source| MountError::Prepare {
        path: target.into(),
        source,
    };
    // Numbered in order: nothing is ever taken away from there.
    let count = std::fs::read_dir(&directory).map_or(0, Iterator::count);
    let path = directory.join(count.to_string());
    write(&path, secret).map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    let file = openat(CWD, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    show(root, target, file, "", true)
}

fn write(path: &Path, secret: &SecretSpec) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&secret.content)?;
    fchown(&file, Some(secret.owner.uid), Some(secret.owner.gid))?;
    file.set_permissions(std::fs::Permissions::from_mode(secret.owner.mode & 0o7777))
}
