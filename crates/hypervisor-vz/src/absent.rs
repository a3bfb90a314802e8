//! The backend on a host that has no Virtualization.framework: there is none, and it says so.

use std::path::PathBuf;

use async_trait::async_trait;
use container_hypervisor::{CreateError, Hypervisor, HypervisorInfo, Machine, MachineConfig};

use crate::VzOptions;

/// A backend that there is not on this host.
#[derive(Debug, Clone)]
pub enum VzHypervisor {}

impl VzHypervisor {
    /// Finds nothing.
    ///
    /// # Errors
    /// [`CreateError::NoBackend`].
    pub async fn detect(_options: VzOptions) -> Result<Self, CreateError> {
        Err(CreateError::NoBackend {
            hypervisor: "Virtualization.framework",
            host: format!("{} ({})", std::env::consts::OS, std::env::consts::ARCH),
        })
    }
}

#[async_trait]
impl Hypervisor for VzHypervisor {
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
