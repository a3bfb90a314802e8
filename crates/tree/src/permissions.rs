//! Modes in the type that this system has for them.

use rustix::fs::{Mode, RawMode};

/// The permission bits of a mode, with setuid, setgid and sticky.
pub(crate) fn permissions(mode: u16) -> Mode {
    Mode::from_bits_truncate(mode as RawMode)
}
