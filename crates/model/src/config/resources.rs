//! Processors and memory of a container.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// Processors and memory of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Processors that the container may use.
    pub cpus: u32,
    /// Memory that the container may use, bytes.
    pub memory_bytes: u64,
    /// Size of `/dev/shm`, bytes; `None` means 64 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm_size_bytes: Option<u64>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Resources {
    /// Processors of a machine when the user says nothing and the hypervisor has no view of its own.
    pub const DEFAULT_CPUS: u32 = 4;
    /// Memory when the user says nothing, bytes.
    pub const DEFAULT_MEMORY_BYTES: u64 = 1 << 30;
    /// Least memory a container may have, bytes: the floor of Apple's tool.
    pub const MINIMUM_MEMORY_BYTES: u64 = 200 << 20;

    /// So many processors and so much memory, and defaults for the rest.
    #[must_use]
    pub fn new(cpus: u32, memory_bytes: u64) -> Self {
        Self {
            cpus,
            memory_bytes,
            shm_size_bytes: None,
            unknown: UnknownFields::new(),
        }
    }
}
