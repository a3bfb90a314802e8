//! What `container system status` tells.

use std::path::PathBuf;

use container_hypervisor::GuestArchitecture;

use crate::{Engine, EngineError, KernelInfo, assets, backend};

/// What machines run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HypervisorView {
    /// Program or framework with its version, for example `QEMU 7.2.22`.
    pub name: String,
    /// `kvm`, `hvf`, `tcg` or `virtualization-framework`.
    pub accelerator: String,
    /// One line on why this accelerator was chosen.
    pub reason: String,
    /// One line on what keeps the hypervisor's process from the rest of the host.
    pub confinement: String,
    /// Architecture of guests, in OCI terms (`amd64`, `arm64`).
    pub architecture: String,
}

/// The state of this host's installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemStatus {
    /// Where all state lives.
    pub app_root: PathBuf,
    /// Where the program is installed.
    pub install_root: PathBuf,
    /// Hypervisor and accelerator.
    pub hypervisor: HypervisorView,
    /// Kernel of new machines.
    pub kernel: KernelInfo,
    /// Initial RAM file system of new machines.
    pub initramfs: PathBuf,
    /// Containers that run now.
    pub running: usize,
    /// Containers in all.
    pub total: usize,
}

impl Engine {
    /// Looks at the installation. Nothing of ours has to run for containers to be started, so this says what would be used.
    ///
    /// # Errors
    /// [`EngineError::Hypervisor`].
    pub async fn system_status(&self) -> Result<SystemStatus, EngineError> {
        let architecture = GuestArchitecture::host();
        let hypervisor = backend::detect(self.app_root(), architecture).await?;
        let info = hypervisor.info().clone();
        let kernel = match self.user_kernel(architecture.oci_name()) {
            Some(path) => KernelInfo {
                path,
                set_by_user: true,
            },
            None => KernelInfo {
                path: hypervisor.kernel(),
                set_by_user: false,
            },
        };
        let containers = self.list()?;
        Ok(SystemStatus {
            app_root: self.app_root().to_owned(),
            install_root: assets::install_root(),
            hypervisor: HypervisorView {
                name: info.name,
                accelerator: info.accelerator,
                reason: info.reason,
                confinement: info.confinement,
                architecture: info.architecture.to_string(),
            },
            kernel,
            initramfs: assets::initramfs(self.app_root(), architecture),
            running: containers.iter().filter(|view| view.is_live()).count(),
            total: containers.len(),
        })
    }
}
