//! Linux: QEMU, with KVM where that works.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{CreateError, GuestArchitecture, MachineExit};
use container_hypervisor_qemu::{QemuHypervisor, QemuOptions};

use super::Host;
use crate::assets::asset_directories;

/// A Linux host.
pub(crate) struct QemuHost {
    app_root: PathBuf,
    architecture: GuestArchitecture,
}

impl QemuHost {
    pub(crate) fn new(app_root: &Path, architecture: GuestArchitecture) -> Self {
        Self {
            app_root: app_root.to_owned(),
            architecture,
        }
    }
}

#[async_trait]
impl Host for QemuHost {
    type Backend = QemuHypervisor;

    async fn detect(&self) -> Result<QemuHypervisor, CreateError> {
        let assets = asset_directories(&self.app_root);
        let options = QemuOptions::from_environment(self.architecture, assets, self.app_root.clone())?;
        QemuHypervisor::detect(options).await
    }

    /// Emulation after KVM has failed. Emulation itself has nothing that could take its place.
    async fn after(&self, failed: QemuHypervisor, exit: &MachineExit) -> Option<QemuHypervisor> {
        let reason = failed.kvm_failure(exit)?;
        QemuHypervisor::emulated(failed.options().clone(), reason).await.ok()
    }
}
