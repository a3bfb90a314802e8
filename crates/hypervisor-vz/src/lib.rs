//! Apple's Virtualization.framework as a hypervisor backend.

#[cfg(not(any(target_os = "macos", container_vz_stub)))]
mod absent;
mod options;
pub mod plan;

#[cfg(not(any(target_os = "macos", container_vz_stub)))]
pub use absent::VzHypervisor;
pub use options::VzOptions;
