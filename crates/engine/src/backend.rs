//! Which hypervisor this host has, and where the kernel and the initial RAM file system are.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{CreateError, Hypervisor};
#[cfg(target_os = "linux")]
use container_hypervisor_qemu::{QemuHypervisor, QemuOptions};
use container_launcher::HypervisorSource;

/// Variable that names the directory the program is installed in, e.g. `/usr/local`.
const INSTALL_ROOT_VARIABLE: &str = "CONTAINER_INSTALL_ROOT";

/// Directory of kernels and initial RAM file systems below the install root.
const ASSETS: &str = "share/container";

/// The directory the program is installed in: the parent of the directory of the running binary, unless the environment names it.
pub(crate) fn install_root() -> PathBuf {
    if let Some(root) = std::env::var_os(INSTALL_ROOT_VARIABLE) {
        return PathBuf::from(root);
    }
    let program = std::env::current_exe().unwrap_or_default();
    program
        .parent()
        .and_then(Path::parent)
        .map_or_else(|| PathBuf::from("/usr/local"), Path::to_owned)
}

/// Where kernels and initial RAM file systems are looked for, first match wins.
pub(crate) fn asset_directories(app_root: &Path) -> Vec<PathBuf> {
    vec![install_root().join(ASSETS), app_root.join("kernels")]
}

/// The initial RAM file system for this host's guests: the first that exists, else the place where it should be.
pub(crate) fn initramfs(app_root: &Path) -> PathBuf {
    let name = format!("initramfs-{}.cpio", std::env::consts::ARCH);
    let candidates: Vec<PathBuf> = asset_directories(app_root)
        .into_iter()
        .map(|directory| directory.join(&name))
        .collect();
    candidates
        .iter()
        .find(|path| path.exists())
        .or(candidates.first())
        .cloned()
        .unwrap_or_default()
}

/// The hypervisor of this host, looked for only when a machine is needed.
pub(crate) struct Backend {
    app_root: PathBuf,
}

impl Backend {
    pub(crate) fn new(app_root: &Path) -> Self {
        Self {
            app_root: app_root.to_owned(),
        }
    }

    /// Finds the hypervisor and decides on its accelerator.
    pub(crate) async fn detect(&self) -> Result<Box<dyn Hypervisor>, CreateError> {
        detect(&self.app_root).await
    }
}

#[cfg(target_os = "linux")]
async fn detect(app_root: &Path) -> Result<Box<dyn Hypervisor>, CreateError> {
    let options = QemuOptions::from_environment(asset_directories(app_root), app_root.to_owned())?;
    Ok(Box::new(QemuHypervisor::detect(options).await?))
}

/// There is no backend for this host yet.
#[cfg(not(target_os = "linux"))]
async fn detect(_app_root: &Path) -> Result<Box<dyn Hypervisor>, CreateError> {
    let host = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    Err(CreateError::NoBackend { host })
}

#[async_trait]
impl HypervisorSource for Backend {
    async fn hypervisor(&self) -> Result<Box<dyn Hypervisor>, CreateError> {
        self.detect().await
    }
}
