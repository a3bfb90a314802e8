//! Which hypervisor this host has.

mod choice;
mod this_host;

use std::path::Path;

use async_trait::async_trait;
use container_hypervisor::{CreateError, GuestArchitecture, Hypervisor, MachineExit};
use container_oci::Platform;

pub(crate) use this_host::ThisHost;

/// The backends of a host, and which of them to use.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    /// What its machines are made with.
    type Backend: Hypervisor + Clone + 'static;

    /// The backend to use, with an accelerator that works.
    ///
    /// # Errors
    /// [`CreateError`] when there is none, or its program is missing.
    async fn detect(&self) -> Result<Self::Backend, CreateError>;

    /// The backend to use instead of one whose machine ended like `exit` before its agent had answered; `None` when another one
    /// would do no better.
    async fn after(&self, failed: Self::Backend, exit: &MachineExit) -> Option<Self::Backend>;
}

/// The hypervisor of this host for programs of an architecture, with an accelerator that works.
///
/// # Errors
/// [`CreateError`] when there is none, or its program is missing.
pub(crate) async fn detect(
    app_root: &Path,
    architecture: GuestArchitecture,
) -> Result<Box<dyn Hypervisor>, CreateError> {
    Ok(Box::new(ThisHost::new(app_root, architecture).detect().await?))
}

/// The architecture of the machine for programs of a platform. Programs of an architecture that no machine can have get a machine like
/// the host, whose kernel refuses them by name.
pub(crate) fn guest_architecture(platform: &Platform) -> GuestArchitecture {
    GuestArchitecture::from_oci_name(&platform.architecture).unwrap_or(GuestArchitecture::host())
}
