//! How a process ended, and the exit codes of `container` itself.

use serde::{Deserialize, Serialize};

/// How a process of a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitStatus {
    /// Its own code, or 128 + n when signal n ended it.
    pub exit_code: u8,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<u8>,
    /// Whether the kernel killed it, or a process of its container, for want of memory.
    #[serde(default)]
    pub oom_killed: bool,
}

/// Exit codes of the `container` command.
pub mod exit_code {
    /// Everything that has no code of its own.
    pub const FAILURE: u8 = 1;
    /// The command line could not be understood.
    pub const USAGE: u8 = 64;
    /// `run`, `start` or `exec` failed before the program was started.
    pub const LAUNCH: u8 = 125;
    /// The program was found but cannot be executed.
    pub const NOT_EXECUTABLE: u8 = 126;
    /// The program was not found.
    pub const NOT_FOUND: u8 = 127;
    /// Added to a signal's number.
    pub const SIGNAL_BASE: u8 = 128;
}
