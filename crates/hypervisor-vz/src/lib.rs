//! Apple's Virtualization.framework as a hypervisor backend.
//!
//! A machine goes through two halves. The first ([`plan`]) is pure and compiled on every host: it checks a configuration and makes of it
//! a list of devices with all their values. The second turns that into the framework's objects and drives them. All objects of one machine
//! belong to one serial queue, which alone creates, calls and releases them (`queue`); what leaves it are plain values, descriptors and
//! futures.
//!
//! The second half exists on macOS, and with `--cfg container_vz_stub` on any host whose linker finds a stand-in for the framework: the
//! same code then runs against it in tests.

#[cfg(not(any(target_os = "macos", container_vz_stub)))]
mod absent;
mod options;
pub mod plan;

#[cfg(any(target_os = "macos", container_vz_stub))]
mod backend;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod calls;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod completion;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod configuration;
#[cfg(any(target_os = "macos", container_vz_stub, test))]
mod console;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod delegate;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod error;
#[cfg(any(target_os = "macos", container_vz_stub, test))]
mod failure;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod life;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod limits;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod machine;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod objects;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod queue;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod rosetta;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod saved;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod support;
#[cfg(any(target_os = "macos", container_vz_stub))]
mod vsock;

#[cfg(not(any(target_os = "macos", container_vz_stub)))]
pub use absent::VzHypervisor;
#[cfg(any(target_os = "macos", container_vz_stub))]
pub use backend::VzHypervisor;
pub use options::VzOptions;
