//! What starts programs on this host.

/// A system's own way to start a program for a user. A value and no conditional compilation, so that the files of each are tested on all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starter {
    /// The user's systemd.
    Systemd,
    /// The user's launchd.
    Launchd,
}

impl Starter {
    /// That of the system that this program runs on.
    pub(super) const CURRENT: Self = if cfg!(target_os = "macos") {
        Self::Launchd
    } else {
        Self::Systemd
    };
}
