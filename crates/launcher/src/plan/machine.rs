//! The machine that a container needs.

use std::path::PathBuf;

use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture, GuestMemory, HypervisorInfo,
    MachineConfig, NameError, SharedDescriptor, Translation,
};
use container_model::{ContainerConfig, Resources};
use container_state::{AppPaths, RootDiskFormat};

use super::shares::{SharePlanError, shared_directories};
use super::{ROOT_DISK_SERIAL, layer_serial, volume_serial};
use crate::volumes::AttachedVolumes;

/// What kernel, agent and page tables take besides the workload, bytes: the allowance of Apple's tool.
const MEMORY_OVERHEAD_BYTES: u64 = 128 << 20;

/// A container's record asks for a machine that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachinePlanError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Share(#[from] SharePlanError),
}

/// What a machine boots, and what it has that no other machine has.
pub(crate) struct Boot<'a> {
    /// Whose machine it is.
    pub(crate) name: String,
    /// Its writable disk.
    pub(crate) root_disk: PathBuf,
    /// The backend that runs it.
    pub(crate) info: &'a HypervisorInfo,
    pub(crate) kernel: PathBuf,
    pub(crate) initramfs: PathBuf,
    pub(crate) console: SharedDescriptor,
    /// Its agent will listen to the peer that shows it.
    pub(crate) token: &'a AgentToken,
    /// Its network interfaces.
    pub(crate) frame_ports: Vec<FramePort>,
    /// Where its file server tells of changes.
    pub(crate) share_changes: Option<SharedDescriptor>,
    /// Where its memory comes from.
    pub(crate) memory: GuestMemory,
}

/// The machine for a container: its layers' disks read-only, lowest first, then its own, then those of its volumes.
pub(crate) fn machine_config(
    config: &ContainerConfig,
    paths: &AppPaths,
    volumes: &AttachedVolumes,
    boot: Boot<'_>,
) -> Result<MachineConfig, MachinePlanError> {
    let mut disks = Vec::with_capacity(config.image.layers.len() + 1);
    for (index, layer) in config.image.layers.iter().enumerate() {
        disks.push(Disk {
            serial: DiskSerial::new(layer_serial(index))?,
            path: paths.layer_disk(layer),
            access: DiskAccess::ReadOnly,
            flush: FlushPolicy::Never,
        });
    }
    disks.push(Disk {
        serial: DiskSerial::new(ROOT_DISK_SERIAL)?,
        path: boot.root_disk,
        access: DiskAccess::ReadWrite,
        flush: root_flush(config),
    });
    for (index, volume) in volumes.disks.iter().enumerate() {
        let (access, flush) = match volume.is_writable {
            true => (DiskAccess::ReadWrite, FlushPolicy::Fsync),
            false => (DiskAccess::ReadOnly, FlushPolicy::Never),
        };
        disks.push(Disk {
            serial: DiskSerial::new(volume_serial(index))?,
            path: volume.image.clone(),
            access,
            flush,
        });
    }
    let memory_bytes = config.resources.memory_bytes.saturating_add(MEMORY_OVERHEAD_BYTES);
    Ok(MachineConfig {
        kernel_arguments: kernel_arguments(config, boot.token),
        vcpu_count: config.resources.cpus,
        memory_bytes: boot.info.limits.memory_at_least(memory_bytes),
        disks,
        frame_ports: boot.frame_ports,
        shares: match boot.memory {
            // They are the container's own.
            GuestMemory::Template { .. } => Vec::new(),
            GuestMemory::Own | GuestMemory::Restored { .. } => shared_directories(config, &volumes.trees, paths)?,
        },
        share_changes: boot.share_changes,
        memory: boot.memory,
        translation: needs_translation(config, boot.info),
        nested_virtualization: config.options.virtualization,
        balloon: boot.info.gives_memory_back,
        ..MachineConfig::new(boot.name, boot.kernel, boot.initramfs, boot.console)
    })
}

/// The user's words, then the token: of two words that contradict each other the kernel takes the later one.
fn kernel_arguments(config: &ContainerConfig, token: &AgentToken) -> Vec<String> {
    let token = format!("{AGENT_TOKEN_KEY}={}", token.to_hex());
    config.options.kernel_arguments.iter().cloned().chain([token]).collect()
}

/// Whether the container's programs are for another architecture than its machine's or may be, and the host translates them.
pub(super) fn needs_translation(config: &ContainerConfig, info: &HypervisorInfo) -> bool {
    let wanted = GuestArchitecture::from_oci_name(&config.platform.architecture);
    let is_foreign = wanted.is_some_and(|wanted| wanted != info.architecture);
    info.translation == Translation::Installed && (is_foreign || config.options.rosetta)
}

/// What the writable disk of a container is to be.
#[must_use]
pub fn root_disk_format(config: &ContainerConfig) -> RootDiskFormat {
    RootDiskFormat {
        size_bytes: config
            .resources
            .storage_bytes
            .unwrap_or(Resources::DEFAULT_STORAGE_BYTES),
        has_journal: !config.options.auto_remove,
        made: config.created,
    }
}

/// A container that is removed at its end never needs its disk after a crash of the host.
fn root_flush(config: &ContainerConfig) -> FlushPolicy {
    if config.options.auto_remove {
        FlushPolicy::Never
    } else {
        FlushPolicy::Fsync
    }
}
