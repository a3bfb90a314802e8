//! Which hypervisor this host has, and where the kernel and the initial RAM file system are.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use container_hypervisor::{BootSource, CreateError, Hypervisor, MachineExit, MachineSource};
use container_launcher::MachineChooser;
use container_state::PathsError;

/// Variable that names the directory the program is installed in, e.g. `/usr/local`.
const INSTALL_ROOT_VARIABLE: &str = "CONTAINER_INSTALL_ROOT";

/// Directory of kernels and initial RAM file systems below the install root.
const ASSETS: &str = "share/container";

/// Refuses a relative install root: the working directory of launchers is another one.
///
/// # Errors
/// [`PathsError::Relative`].
pub(crate) fn check_install_root() -> Result<(), PathsError> {
    check_absolute(named_install_root())
}

/// The install root that the environment names; an empty value names none.
fn named_install_root() -> Option<PathBuf> {
    std::env::var_os(INSTALL_ROOT_VARIABLE)
        .filter(|root| !root.is_empty())
        .map(PathBuf::from)
}

fn check_absolute(root: Option<PathBuf>) -> Result<(), PathsError> {
    match root {
        Some(path) if path.is_relative() => Err(PathsError::Relative {
            variable: INSTALL_ROOT_VARIABLE,
            path,
        }),
        _ => Ok(()),
    }
}

/// The directory the program is installed in: the parent of the directory of the running binary, unless the environment names it.
pub(crate) fn install_root() -> PathBuf {
    if let Some(root) = named_install_root() {
        return root;
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

/// The hypervisor of this host, with an accelerator that works.
///
/// # Errors
/// [`CreateError`] when there is none, or its program is missing.
pub(crate) async fn detect(app_root: &Path) -> Result<Box<dyn Hypervisor>, CreateError> {
    Ok(Box::new(host::detect(app_root).await?))
}

/// Chooses the machines of a launcher: the backend of this host, and another accelerator after one has failed.
pub(crate) struct Machines {
    app_root: PathBuf,
    /// Kernel image; `None` is the backend's own choice.
    kernel: Option<PathBuf>,
    /// What was chosen last.
    chosen: Mutex<Option<host::Backend>>,
}

impl Machines {
    pub(crate) fn new(app_root: &Path, kernel: Option<PathBuf>) -> Self {
        Self {
            app_root: app_root.to_owned(),
            kernel,
            chosen: Mutex::default(),
        }
    }

    fn source(&self, backend: host::Backend) -> Box<dyn MachineSource> {
        let source = BootSource::new(
            Box::new(backend.clone()),
            self.kernel.clone(),
            initramfs(&self.app_root),
        );
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(backend);
        Box::new(source)
    }
}

#[async_trait]
impl MachineChooser for Machines {
    async fn choose(&self) -> Result<Box<dyn MachineSource>, CreateError> {
        Ok(self.source(host::detect(&self.app_root).await?))
    }

    async fn after(&self, exit: &MachineExit) -> Option<Box<dyn MachineSource>> {
        let failed = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        host::after(failed, exit).await.map(|backend| self.source(backend))
    }
}

#[cfg(target_os = "linux")]
mod host {
    //! QEMU, with KVM where that works.

    use std::path::Path;

    use container_hypervisor::{CreateError, MachineExit};
    use container_hypervisor_qemu::{QemuHypervisor, QemuOptions};

    pub(super) type Backend = QemuHypervisor;

    pub(super) async fn detect(app_root: &Path) -> Result<Backend, CreateError> {
        let options = QemuOptions::from_environment(super::asset_directories(app_root), app_root.to_owned())?;
        QemuHypervisor::detect(options).await
    }

    /// Emulation, once, after KVM has failed.
    pub(super) async fn after(failed: Backend, exit: &MachineExit) -> Option<Backend> {
        let reason = failed.kvm_failure(exit)?;
        QemuHypervisor::emulated(failed.options().clone(), reason).await.ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod host {
    //! There is no backend for this host.

    use std::path::{Path, PathBuf};

    use async_trait::async_trait;
    use container_hypervisor::{CreateError, Hypervisor, HypervisorInfo, Machine, MachineConfig, MachineExit};

    /// No backend.
    #[derive(Debug, Clone)]
    pub(super) enum Backend {}

    pub(super) async fn detect(_app_root: &Path) -> Result<Backend, CreateError> {
        let host = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        Err(CreateError::NoBackend { host })
    }

    pub(super) async fn after(failed: Backend, _exit: &MachineExit) -> Option<Backend> {
        match failed {}
    }

    #[async_trait]
    impl Hypervisor for Backend {
        fn info(&self) -> &HypervisorInfo {
            match *self {}
        }

        fn kernel(&self) -> PathBuf {
            match *self {}
        }

        async fn create(&self, _config: MachineConfig) -> Result<Machine, CreateError> {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_root_that_depends_on_where_the_user_stands_is_refused() {
        assert!(check_absolute(None).is_ok() && check_absolute(Some("/usr/local".into())).is_ok());
        for relative in ["target/dist", "."] {
            let error = check_absolute(Some(relative.into())).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("CONTAINER_INSTALL_ROOT must be an absolute path"),
                "{error}"
            );
        }
    }
}
