//! Why a profile cannot be used.

/// A profile that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// It is longer than profiles are.
    #[error("the profile is longer than {limit_bytes} bytes")]
    TooLong {
        /// The longest that is read.
        limit_bytes: usize,
    },
    /// It is no JSON document of the right shape.
    #[error("the profile is not a seccomp profile in JSON: {0}")]
    Document(String),
    /// It has an action that there is not.
    #[error(
        "the profile's action {0:?} is not known; there are SCMP_ACT_ALLOW, _ERRNO, _KILL, _KILL_PROCESS, _KILL_THREAD, _LOG, _TRACE and _TRAP"
    )]
    Action(String),
    /// It asks another process what to do.
    #[error(
        "the profile asks another process about system calls (SCMP_ACT_NOTIFY), and there is none that would answer in the machine"
    )]
    Notify,
    /// It compares arguments in a way that there is not.
    #[error("the profile's comparison {0:?} is not known")]
    Comparison(String),
    /// It names an argument that no system call has.
    #[error("the profile has a rule about argument {0}; system calls have arguments 0 to 5")]
    Argument(u32),
    /// It has an error number that there is not.
    #[error("the profile's error number {0} is not one of 0 to 4095")]
    ErrorNumber(u32),
    /// It is for other processors.
    #[error("the profile is not for this machine's architecture, {0}")]
    Architecture(&'static str),
    /// Its program is longer than the kernel takes.
    #[error(
        "the profile has too many rules: its program has {instructions} instructions, and the kernel takes {limit}"
    )]
    Program {
        /// What it has.
        instructions: usize,
        /// `BPF_MAXINSNS`, `linux/bpf_common.h`.
        limit: usize,
    },
}

impl From<serde_json::Error> for ProfileError {
    fn from(error: serde_json::Error) -> Self {
        Self::Document(error.to_string())
    }
}
