//! What a container was asked to be: written when it is created, and again when it is given another name, other networks or other limits.
//!
//! The record has a format version ([`ContainerConfig::VERSION`]). A program that adds a field leaves the version as it is: older
//! programs keep fields that they do not know, here and in the structs below. A change that older programs must not overlook, such as
//! another way to name a layer's disk, raises the version.

mod build;
mod control_group;
mod device;
mod health_check;
mod image;
mod log;
mod mount;
mod process;
mod resources;
mod restart_policy;
mod socket;
mod stop_signal;
mod update;

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_oci::Platform;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{ContainerId, HostEntry, NetworkAttachment, PublishedPort, ResolverConfig, UnknownFields};

pub use build::{BuildMachine, CacheDirectory};
pub use control_group::{ControlGroupLimits, LimitConflict, processor_ranges};
pub use device::DeviceNode;
pub use health_check::HealthCheck;
pub use image::{ContainerImage, ImageDescriptor, Layer};
pub use log::{LogBounds, LogConfig, LogDriver};
pub use mount::{DiskMount, Mount, ShareMount, TmpfsMount, UnknownMount};
pub use process::{InitProcess, ProcessUser, Rlimit};
pub use resources::Resources;
pub use restart_policy::{RestartPolicy, RestartPolicyError};
pub use socket::{PublishedSocket, SocketMount};
pub use stop_signal::StopSignal;
pub use update::{ContainerUpdate, ControlGroupUpdate, LimitChange, UpdateError};

/// The configuration of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerConfig {
    /// The container's id, which is also its name.
    pub id: ContainerId,
    /// When the container was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// The image that it was made from.
    pub image: ContainerImage,
    /// Platform of the image.
    pub platform: Platform,
    /// The first process.
    pub process: InitProcess,
    /// Mounts besides the root file system.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Its networks. The first one has the default route and the published ports; none means loopback only.
    #[serde(default)]
    pub networks: Vec<NetworkAttachment>,
    /// Ports of the host that lead into it.
    #[serde(default)]
    pub published_ports: Vec<PublishedPort>,
    /// Unix sockets of the host that lead into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published_sockets: Vec<PublishedSocket>,
    /// Whether it has the SSH agent of whoever starts it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ssh: bool,
    /// What it knows of names.
    #[serde(default)]
    pub dns: ResolverConfig,
    /// Lines of its `/etc/hosts` besides those of every container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<HostEntry>,
    /// Host name; `None` is what [`ContainerId::hostname`] says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Processors and memory.
    pub resources: Resources,
    /// What its processes may do.
    #[serde(default)]
    pub security: Security,
    /// How its launcher treats it.
    #[serde(default)]
    pub options: ContainerOptions,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What others have noted of it; nothing here depends on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Kernel settings inside the container.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Signal that `stop` sends first; `None` means SIGTERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<StopSignal>,
    /// How it is found out whether it works; `None` when that is not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// The machine of a build, which is no container that a user has made; `None` for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildMachine>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl ContainerConfig {
    /// Format version of the record.
    pub const VERSION: u32 = 2;

    /// The host name of the container.
    #[must_use]
    pub fn hostname(&self) -> &str {
        self.hostname.as_deref().unwrap_or_else(|| self.id.hostname())
    }
}

/// What the processes of a container may do. It limits them inside the container's machine; the machine itself is the boundary to the
/// host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// Capabilities added to the default set: `ALL` or names, with or without `CAP_`.
    pub added_capabilities: Vec<String>,
    /// Capabilities taken from the default set, written in the same way.
    pub dropped_capabilities: Vec<String>,
    /// Paths hidden from the container's processes.
    pub masked_paths: Vec<String>,
    /// Paths that the container's processes cannot write to.
    pub readonly_paths: Vec<String>,
    /// Whether the root file system is mounted read-only. Mounts on top of it are not affected, and a process that may mount
    /// (`CAP_SYS_ADMIN`) can undo it.
    pub read_only_root: bool,
    /// Whether no program gains rights by being executed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_new_privileges: bool,
    /// Whether all system calls are allowed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub seccomp_unconfined: bool,
    /// The seccomp profile in the place of the usual one: the document, in Docker's form or the runtime specification's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp_profile: Option<Value>,
    /// Whether nothing limits them but the machine: all capabilities, all its devices, and `/sys` to write to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// Devices of the machine besides those of every container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceNode>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// How a container's launcher treats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerOptions {
    /// Delete the container once it has ended.
    pub auto_remove: bool,
    /// Keep standard input open although no client is attached, and pass on that of clients that are.
    pub stdin: bool,
    /// Let the container see the addresses of the clients of its published ports instead of the network's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_addresses: bool,
    /// Boot it at every start, also where it could start from a template.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cold: bool,
    /// Kernel image instead of the default one, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<PathBuf>,
    /// Further words of the kernel's command line, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kernel_arguments: Vec<String>,
    /// How its output is kept.
    #[serde(skip_serializing_if = "LogConfig::is_default")]
    pub log: LogConfig,
    /// Seconds that `stop` gives it before it is killed; `None` means those of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout_seconds: Option<u32>,
    /// What follows the end of its program.
    #[serde(rename = "restartPolicy", skip_serializing_if = "RestartPolicy::is_no")]
    pub restart: RestartPolicy,
    /// Whether its programs can run machines of their own with the processor's help.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub virtualization: bool,
    /// Whether it has the host's translator for x86-64 programs also where its image needs none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rosetta: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}
