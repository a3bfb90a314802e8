//! Processors, memory and storage of a container.

use serde::{Deserialize, Serialize};

use crate::{ControlGroupLimits, UnknownFields};

/// Processors, memory and storage of a container.
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
    /// Size of the writable disk, bytes; `None` means [`Resources::DEFAULT_STORAGE_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<u64>,
    /// Limits of its control group besides.
    #[serde(default, skip_serializing_if = "ControlGroupLimits::is_none")]
    pub control_group: ControlGroupLimits,
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
    /// Apparent size of the writable disk when the user says nothing, bytes. Its file is sparse: it costs what the container writes.
    pub const DEFAULT_STORAGE_BYTES: u64 = 64 << 30;
    /// Least size of the writable disk, bytes: that of a file system with a journal.
    pub const MINIMUM_STORAGE_BYTES: u64 = 8 << 20;
    /// Largest writable disk, bytes: less than the 16 TiB that an EXT4 file system with block numbers of 32 bits has.
    pub const MAXIMUM_STORAGE_BYTES: u64 = 15 << 40;

    /// So many processors and so much memory, and defaults for the rest.
    #[must_use]
    pub fn new(cpus: u32, memory_bytes: u64) -> Self {
        Self {
            cpus,
            memory_bytes,
            shm_size_bytes: None,
            storage_bytes: None,
            control_group: ControlGroupLimits::default(),
            unknown: UnknownFields::new(),
        }
    }
}
