//! The process that a container is made for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The first process of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitProcess {
    /// Program: a path, or a name looked up in the container's `PATH`.
    pub executable: String,
    /// Arguments after the program.
    pub arguments: Vec<String>,
    /// `KEY=VALUE` entries, later ones win.
    pub environment: Vec<String>,
    /// Directory it starts in, absolute.
    pub working_directory: String,
    /// Whether it has a terminal.
    pub terminal: bool,
    /// Whom it runs as.
    pub user: ProcessUser,
    /// Supplementary group ids.
    #[serde(default)]
    pub supplemental_groups: Vec<u32>,
    /// Resource limits.
    #[serde(default)]
    pub rlimits: Vec<RlimitConfig>,
    /// Keys of other versions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Whom a process runs as, resolved in the guest against the image's `/etc/passwd` and `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProcessUser {
    /// `name`, `uid`, `name:group` or `uid:gid`, as written by the user or the image.
    Raw {
        /// The text.
        #[serde(rename = "userString")]
        user_string: String,
    },
    /// Numbers.
    Id {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl ProcessUser {
    /// In the form that the guest agent takes: `name`, `uid:gid`, …
    #[must_use]
    pub fn to_agent_text(&self) -> String {
        match self {
            Self::Raw { user_string } => user_string.clone(),
            Self::Id { uid, gid } => format!("{uid}:{gid}"),
        }
    }
}

/// One resource limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RlimitConfig {
    /// Name as in getrlimit(2), e.g. `RLIMIT_NOFILE`.
    pub limit: String,
    /// Soft limit; `u64::MAX` is unlimited.
    pub soft: u64,
    /// Hard limit; `u64::MAX` is unlimited.
    pub hard: u64,
}
