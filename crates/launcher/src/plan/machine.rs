//! The machine that a container needs.

use std::path::{Path, PathBuf};

use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{
    Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestArchitecture, HypervisorInfo, MachineConfig, NameError,
    SharedDescriptor, Translation,
};
use container_model::{ContainerConfig, Layer};
use container_state::{AppPaths, Bundle};

use super::shares::{SharePlanError, shared_directories};
use super::{ROOT_DISK_SERIAL, layer_serial, volume_serial};
use crate::volumes::VolumeDisk;

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

/// What a machine boots and where its console goes.
pub(crate) struct Boot<'a> {
    /// The backend that runs it.
    pub(crate) info: &'a HypervisorInfo,
    pub(crate) kernel: PathBuf,
    pub(crate) initramfs: PathBuf,
    pub(crate) console: SharedDescriptor,
    /// Its agent will listen to the peer that shows it.
    pub(crate) token: &'a AgentToken,
    /// Its network interfaces.
    pub(crate) frame_ports: Vec<FramePort>,
}

/// The machine for a container: its layers' disks read-only, lowest first, then its own, then those of its volumes.
pub(crate) fn machine_config(
    config: &ContainerConfig,
    paths: &AppPaths,
    bundle: &Bundle,
    volumes: &[VolumeDisk],
    boot: Boot<'_>,
) -> Result<MachineConfig, MachinePlanError> {
    let layers = paths.layers();
    let mut disks = Vec::with_capacity(config.image.layers.len() + 1);
    for (index, layer) in config.image.layers.iter().enumerate() {
        disks.push(Disk {
            serial: DiskSerial::new(layer_serial(index))?,
            path: layer_disk(&layers, layer),
            access: DiskAccess::ReadOnly,
            flush: FlushPolicy::Never,
        });
    }
    disks.push(Disk {
        serial: DiskSerial::new(ROOT_DISK_SERIAL)?,
        path: bundle.root_disk(),
        access: DiskAccess::ReadWrite,
        flush: root_flush(config),
    });
    for (index, volume) in volumes.iter().enumerate() {
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
    // Unique on the host, and what the user knows it by.
    let name = bundle.directory().display().to_string();
    Ok(MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", boot.token.to_hex())],
        vcpu_count: config.resources.cpus,
        memory_bytes: boot.info.limits.memory_at_least(memory_bytes),
        disks,
        frame_ports: boot.frame_ports,
        shares: shared_directories(config)?,
        translation: needs_translation(config, boot.info),
        ..MachineConfig::new(name, boot.kernel, boot.initramfs, boot.console)
    })
}

/// Whether the container's programs are for another architecture than its machine's, and the host translates them.
pub(super) fn needs_translation(config: &ContainerConfig, info: &HypervisorInfo) -> bool {
    let wanted = GuestArchitecture::from_oci_name(&config.platform.architecture);
    info.translation == Translation::Installed && wanted.is_some_and(|wanted| wanted != info.architecture)
}

/// A container that is removed at its end never needs its disk after a crash of the host.
fn root_flush(config: &ContainerConfig) -> FlushPolicy {
    if config.options.auto_remove {
        FlushPolicy::Never
    } else {
        FlushPolicy::Fsync
    }
}

/// `sha256:<hex>`, or the like of another algorithm → `<layers>/<hex>.ext4`.
fn layer_disk(layers: &Path, layer: &Layer) -> PathBuf {
    layers.join(format!("{}.ext4", layer.disk_id().hex()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_name_layer_disks_whatever_is_on_them() {
        let layers = Path::new("/layers");
        let hex = "0123456789abcdef".repeat(4);
        let id = format!("sha256:{hex}").parse().unwrap();
        for layer in [
            Layer::Single { diff_id: id },
            Layer::Merged { chain_id: id },
            Layer::Cover { cover_id: id },
            Layer::Untold { disk_id: id },
        ] {
            assert_eq!(layer_disk(layers, &layer), layers.join(format!("{hex}.ext4")));
        }
        let long = "0123456789abcdef".repeat(8);
        let diff_id = format!("sha512:{long}").parse().unwrap();
        assert_eq!(
            layer_disk(layers, &Layer::Single { diff_id }),
            layers.join(format!("{long}.ext4"))
        );
    }
}
