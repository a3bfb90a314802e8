//! What makes a container the machine of a build.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// A machine that runs the steps of a build, one after another, and no program of its own. It lives as long as the build that made it, and its record is
/// there for what all machines have in common: locks, networks, layers in use, and repair after a crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildMachine {
    /// Directories of the host that its steps may mount and that outlive it.
    pub caches: Vec<CacheDirectory>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A directory of the host that steps of builds write to, as root of the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheDirectory {
    /// The files, absolute.
    pub data: PathBuf,
    /// Where the file server keeps the owners of what can have no extended attribute, absolute.
    pub owners: PathBuf,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
