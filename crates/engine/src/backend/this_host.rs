//! This host: Virtualization.framework on a Mac that can run machines, QEMU on Linux and on every other Mac.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{
    CreateError, GuestArchitecture, Hypervisor, HypervisorInfo, Machine, MachineConfig, MachineExit, Translation,
};
use container_hypervisor_qemu::{FileServer, QemuHypervisor, QemuOptions};
use container_hypervisor_vz::{VzHypervisor, VzOptions};

use super::Host;
use super::choice::BackendChoice;
use crate::assets::asset_directories;
use crate::serve_shares::FILE_SERVER_COMMAND;

/// The host that this program runs on.
pub(crate) struct ThisHost {
    app_root: PathBuf,
    architecture: GuestArchitecture,
}

impl ThisHost {
    /// For programs of this architecture.
    pub(crate) fn new(app_root: &Path, architecture: GuestArchitecture) -> Self {
        Self {
            app_root: app_root.to_owned(),
            architecture,
        }
    }

    /// Virtualization.framework, if its machines can run the programs: as they are, or translated.
    async fn vz(&self) -> Result<Backend, CreateError> {
        let vz = VzHypervisor::detect(VzOptions::new(asset_directories(&self.app_root))).await?;
        let info = vz.info().clone();
        if info.architecture != self.architecture && info.translation != Translation::Installed {
            return Err(CreateError::NotSupported {
                hypervisor: "Virtualization.framework",
                reason: format!(
                    "its machines on this host run programs for {}, not for {}",
                    info.architecture, self.architecture
                ),
                hint: "QEMU emulates other processors; without CONTAINER_BACKEND it is chosen by itself".to_owned(),
            });
        }
        let kind = Kind::Vz(Box::new(vz));
        Ok(Backend { info, kind })
    }

    /// QEMU; `refusal` is why the first choice was not to be had.
    async fn qemu(&self, refusal: Option<&CreateError>) -> Result<Backend, CreateError> {
        let assets = asset_directories(&self.app_root);
        let options = QemuOptions {
            file_server: file_server(),
            ..QemuOptions::from_environment(self.architecture, assets, self.app_root.clone())?
        };
        Ok(Backend::qemu(QemuHypervisor::detect(options).await?, refusal))
    }
}

/// This very program, once more, by a name that leads to it also when its file was replaced since (proc(5)).
fn file_server() -> Option<FileServer> {
    container_shares::IS_AVAILABLE.then(|| FileServer {
        program: "/proc/self/exe".into(),
        arguments: vec![FILE_SERVER_COMMAND.into()],
    })
}

#[async_trait]
impl Host for ThisHost {
    type Backend = Backend;

    async fn detect(&self) -> Result<Backend, CreateError> {
        match BackendChoice::from_environment()? {
            BackendChoice::Vz => self.vz().await,
            BackendChoice::Qemu => self.qemu(None).await,
            BackendChoice::Best => match self.vz().await {
                Err(CreateError::NoBackend { .. }) => self.qemu(None).await,
                Err(refusal @ CreateError::NotSupported { .. }) => self.qemu(Some(&refusal)).await,
                // Also when this program only lacks the permission: emulation would hide what is easily mended.
                chosen => chosen,
            },
        }
    }

    /// Emulation after the processor's help has failed QEMU. Nothing takes the place of emulation or of the framework.
    async fn after(&self, failed: Backend, exit: &MachineExit) -> Option<Backend> {
        let qemu = match failed.kind {
            Kind::Qemu(qemu) => qemu,
            Kind::Vz(_) => return None,
        };
        let reason = qemu.hardware_failure(exit)?;
        let emulated = QemuHypervisor::emulated(qemu.options().clone(), reason).await.ok()?;
        Some(Backend::qemu(emulated, None))
    }
}

/// A backend of this host.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    info: HypervisorInfo,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Qemu(Box<QemuHypervisor>),
    Vz(Box<VzHypervisor>),
}

impl Backend {
    fn qemu(qemu: QemuHypervisor, refusal: Option<&CreateError>) -> Self {
        let mut info = qemu.info().clone();
        if let Some(refusal) = refusal {
            info.reason = format!("{refusal}; {}", info.reason);
        }
        let kind = Kind::Qemu(Box::new(qemu));
        Self { info, kind }
    }

    fn hypervisor(&self) -> &dyn Hypervisor {
        match &self.kind {
            Kind::Qemu(qemu) => qemu.as_ref(),
            Kind::Vz(vz) => vz.as_ref(),
        }
    }
}

#[async_trait]
impl Hypervisor for Backend {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        self.hypervisor().kernel()
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        self.hypervisor().create(config).await
    }
}
