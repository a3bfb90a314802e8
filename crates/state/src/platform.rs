//! What differs from one system to another about where things lie.

/// A system that `container` runs on. A value and no conditional compilation, so that the rules of each are tested on all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Linux,
    Macos,
}

impl Platform {
    /// The one that this program runs on.
    pub(crate) const CURRENT: Self = if cfg!(target_os = "macos") {
        Self::Macos
    } else {
        Self::Linux
    };

    /// Longest path of a Unix socket, bytes, without the terminating zero: `sun_path` has 108 bytes on Linux (unix(7)), 104 on
    /// macOS (unix(4)).
    pub(crate) const fn socket_path_max_bytes(self) -> usize {
        match self {
            Self::Linux => 107,
            Self::Macos => 103,
        }
    }
}

/// Longest path of a Unix socket on this system, bytes, without the terminating zero.
pub const SOCKET_PATH_MAX_BYTES: usize = Platform::CURRENT.socket_path_max_bytes();
