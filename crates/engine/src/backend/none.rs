//! A host that no backend is made for.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{
    CreateError, GuestArchitecture, Hypervisor, HypervisorInfo, Machine, MachineConfig, MachineExit,
};

use super::Host;

/// A host without a backend.
pub(crate) struct NoBackend;

impl NoBackend {
    pub(crate) fn new(_app_root: &Path, _architecture: GuestArchitecture) -> Self {
        Self
    }
}

#[async_trait]
impl Host for NoBackend {
    type Backend = Never;

    async fn detect(&self) -> Result<Never, CreateError> {
        let host = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        Err(CreateError::NoBackend { host })
    }

    async fn after(&self, failed: Never, _exit: &MachineExit) -> Option<Never> {
        match failed {}
    }
}

/// A backend that there is not.
#[derive(Debug, Clone)]
pub(crate) enum Never {}

#[async_trait]
impl Hypervisor for Never {
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
