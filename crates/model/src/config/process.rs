//! The process that a container is made for.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

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
    /// Directory that it starts in, absolute.
    pub working_directory: String,
    /// Whether it has a terminal.
    pub terminal: bool,
    /// The user that it runs as.
    pub user: ProcessUser,
    /// Supplementary group ids.
    #[serde(default)]
    pub supplemental_groups: Vec<u32>,
    /// Resource limits.
    #[serde(default)]
    pub rlimits: Vec<Rlimit>,
    /// Supplementary groups by name or number, looked up in the image. Other processes of the container have them too, whoever they run as.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_groups: Vec<String>,
    /// How likely it is to be killed for lack of memory, -1000 to 1000; `None` is the kernel's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
    /// Whether it is the child of a small PID 1, which passes signals on and reaps processes without a parent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_init: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// The user that a process runs as, resolved in the guest against the image's `/etc/passwd` and `/etc/group`.
///
/// There are no unknown fields here: something else that names a user must not be overlooked, so it needs another format version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum ProcessUser {
    /// `name`, `uid`, `name:group` or `uid:gid`, as the caller or the image wrote it.
    Text {
        /// The text.
        text: String,
    },
    /// Numbers.
    Ids {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl ProcessUser {
    /// The superuser of the container.
    pub const ROOT: Self = Self::Ids { uid: 0, gid: 0 };

    /// In the form that the guest agent takes: `name`, `uid:gid`, …
    #[must_use]
    pub fn to_agent_text(&self) -> String {
        match self {
            Self::Text { text } => text.clone(),
            Self::Ids { uid, gid } => format!("{uid}:{gid}"),
        }
    }
}

/// One resource limit.
///
/// `oci-spec`'s `PosixRlimit` drops the fields of other versions and refuses resources that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rlimit {
    /// Name of the resource as in getrlimit(2): `RLIMIT_NOFILE`.
    pub resource: String,
    /// Soft limit; `u64::MAX` is unlimited.
    pub soft: u64,
    /// Hard limit; `u64::MAX` is unlimited.
    pub hard: u64,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Rlimit {
    /// A limit of a resource named as in getrlimit(2).
    #[must_use]
    pub fn new(resource: impl Into<String>, soft: u64, hard: u64) -> Self {
        Self {
            resource: resource.into(),
            soft,
            hard,
            unknown: UnknownFields::new(),
        }
    }
}
