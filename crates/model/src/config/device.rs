//! Devices of its machine that a container gets.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// One device of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceNode {
    /// Its node in the machine, below `/dev`.
    pub path: String,
    /// Its node in the container, below `/dev`.
    pub target: String,
    /// What may be done with it: some of `r`, `w` and `m`.
    pub access: String,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
