//! What a container was asked to be: written once when it is created.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{ContainerId, InitProcess};

/// The configuration of a container. JSON keys are those of Apple's `container` 1.x.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerConfig {
    /// The container's id, which is also its name.
    pub id: ContainerId,
    /// The image it was made from.
    pub image: ImageReference,
    /// Mounts besides the root file system.
    #[serde(default)]
    pub mounts: Vec<MountConfig>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Kernel settings inside the container.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// The first process.
    pub init_process: InitProcess,
    /// Platform of the image.
    pub platform: PlatformConfig,
    /// Processors and memory.
    pub resources: Resources,
    /// Whether the root file system is read-only.
    #[serde(default)]
    pub read_only: bool,
    /// Capabilities added to the default set.
    #[serde(default)]
    pub cap_add: Vec<String>,
    /// Capabilities taken from the default set.
    #[serde(default)]
    pub cap_drop: Vec<String>,
    /// Size of `/dev/shm` in bytes; `None` means 64 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shm_size: Option<u64>,
    /// Signal that `stop` sends first, as the image or the user writes it; `None` means SIGTERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Paths hidden from the workload.
    #[serde(default)]
    pub masked_paths: Vec<String>,
    /// Paths that the workload cannot write to.
    #[serde(default)]
    pub readonly_paths: Vec<String>,
    /// When the container was created.
    #[serde(with = "time::serde::rfc3339")]
    pub creation_date: OffsetDateTime,
    /// What only this program needs to know.
    #[serde(default)]
    pub options: ContainerOptions,
    /// Keys of other versions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An image as a container refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReference {
    /// Canonical reference, e.g. `docker.io/library/alpine:latest`.
    pub reference: String,
    /// Descriptor of the image's index or manifest, as in the OCI image specification.
    pub descriptor: Value,
    /// Digest of the manifest that was chosen for the platform.
    #[serde(default)]
    pub manifest_digest: String,
    /// Diff ids of the layers, lowest first: their disks make the root file system.
    #[serde(default)]
    pub layers: Vec<String>,
}

/// One mount of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MountConfig {
    /// Kind: `tmpfs`.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
    /// Where it appears, absolute.
    pub destination: String,
    /// Options as in mount(8).
    #[serde(default)]
    pub options: Vec<String>,
}

/// Platform of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformConfig {
    /// Operating system: `linux`.
    pub os: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// Variant, e.g. `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Processors and memory of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Processors the workload may use.
    pub cpus: u32,
    /// Memory the workload may use, bytes.
    pub memory_in_bytes: u64,
}

impl Resources {
    /// Processors of a machine when the user says nothing and the hypervisor has no view of its own.
    pub const DEFAULT_CPUS: u32 = 4;
    /// Memory when the user says nothing, bytes.
    pub const DEFAULT_MEMORY_BYTES: u64 = 1 << 30;
    /// Least memory a container may have, bytes: the floor of Apple's tool.
    pub const MINIMUM_MEMORY_BYTES: u64 = 200 << 20;
}

/// What only this program needs to know of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerOptions {
    /// Delete the container once it has ended.
    pub auto_remove: bool,
    /// Keep standard input open although no client is attached, and pass on that of clients that are.
    pub stdin: bool,
    /// Kernel image instead of the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<std::path::PathBuf>,
}
