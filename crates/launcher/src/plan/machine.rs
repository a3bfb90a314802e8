//! The machine that a container needs.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container_agent_api::{AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{ConfigError, Disk, DiskAccess, DiskSerial, MachineConfig};
use container_model::ContainerConfig;
use container_oci::Digest;
use container_state::{AppPaths, Bundle};

use super::{ROOT_DISK_SERIAL, layer_serial};

/// What kernel, agent and page tables take besides the workload, bytes: the allowance of Apple's tool.
const MEMORY_OVERHEAD_BYTES: u64 = 128 << 20;
/// Machines have memory in units of this many bytes.
const MEMORY_UNIT_BYTES: u64 = 1 << 20;

/// A container's record asks for a machine that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachinePlanError {
    /// A layer's name is no digest, so that it names no file.
    #[error("the record of the container is damaged: {0:?} is no layer")]
    Layer(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The machine for a container: its layers' disks read-only, lowest first, then its own. Its agent will listen to whoever shows
/// `token`.
pub(crate) fn machine_config(
    config: &ContainerConfig,
    paths: &AppPaths,
    bundle: &Bundle,
    kernel: PathBuf,
    initramfs: PathBuf,
    console: Arc<OwnedFd>,
    token: &AgentToken,
) -> Result<MachineConfig, MachinePlanError> {
    let layers = paths.layers();
    let mut disks = Vec::with_capacity(config.image.layers.len() + 1);
    for (index, layer) in config.image.layers.iter().enumerate() {
        disks.push(Disk {
            serial: DiskSerial::new(layer_serial(index))?,
            path: layer_disk(&layers, layer)?,
            access: DiskAccess::ReadOnly,
        });
    }
    disks.push(Disk {
        serial: DiskSerial::new(ROOT_DISK_SERIAL)?,
        path: bundle.root_disk(),
        access: DiskAccess::ReadWrite,
    });
    let memory_bytes = config.resources.memory_in_bytes.saturating_add(MEMORY_OVERHEAD_BYTES);
    Ok(MachineConfig {
        // Unique on the host, and what the user knows it by.
        name: bundle.directory().display().to_string(),
        kernel,
        initramfs,
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token.to_hex())],
        vcpu_count: config.resources.cpus,
        memory_bytes: memory_bytes
            .div_ceil(MEMORY_UNIT_BYTES)
            .saturating_mul(MEMORY_UNIT_BYTES),
        disks,
        frame_ports: Vec::new(),
        shared_directories: Vec::new(),
        console,
        balloon: false,
    })
}

/// `sha256:<hex>`, or the like of another algorithm → `<layers>/<hex>.ext4`.
fn layer_disk(layers: &Path, diff_id: &str) -> Result<PathBuf, MachinePlanError> {
    let digest: Digest = diff_id
        .parse()
        .map_err(|_| MachinePlanError::Layer(diff_id.to_owned()))?;
    Ok(layers.join(format!("{}.ext4", digest.hex())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_name_layer_disks() {
        let layers = Path::new("/layers");
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(
            layer_disk(layers, &format!("sha256:{hex}")).unwrap(),
            layers.join(format!("{hex}.ext4"))
        );
        let long = "0123456789abcdef".repeat(8);
        assert_eq!(
            layer_disk(layers, &format!("sha512:{long}")).unwrap(),
            layers.join(format!("{long}.ext4"))
        );
        for bad in [
            "",
            "sha256:",
            "sha256:../../etc/passwd",
            &hex,
            &format!("sha256:{}", hex.to_uppercase()),
        ] {
            assert!(layer_disk(layers, bad).is_err(), "{bad}");
        }
    }
}
