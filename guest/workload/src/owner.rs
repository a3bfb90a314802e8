//! Whose a file is that the machine lends the container.

use std::os::fd::{AsFd as _, OwnedFd};

use crate::identity::{self, USER_FILE_MAX_BYTES};
use crate::in_root::read_text;

/// The numbers of a user and its group. One that the image below `root` does not know is root here; the first process says that there is no
/// such user.
pub(crate) fn owner(root: &OwnedFd, user: &str) -> (u32, u32) {
    let text = |path| read_text(root.as_fd(), path, USER_FILE_MAX_BYTES);
    match identity::resolve(user, &[], &text("/etc/passwd"), &text("/etc/group")) {
        Ok(identity) => (identity.uid.as_raw(), identity.gid.as_raw()),
        Err(_) => (0, 0),
    }
}
