//! The seam between the engine and whatever runs a virtual machine.
//!
//! It is drawn at the level of a whole machine. A [`MachineConfig`] says only what QEMU and Virtualization.framework can both do. A
//! [`MachineSource`] makes a machine as described, by booting it with a [`Hypervisor`] or in another way. A [`Machine`] is a handle that
//! several parts may hold; its [`ExitWatch`] tells all of them when and how it ended. A backend implements [`Hypervisor`] and
//! [`MachineDriver`].
//!
//! Abilities that only some backends have are traits of their own ([`capability`]); a backend that lacks one does not implement it. How a
//! disk, a port or the agent's channel is attached is the backend's own business: the guest finds disks by serial and the channel by the
//! kernel command line.

mod backend;
pub mod capability;
mod config;
mod connector;
mod error;
mod exit;
#[cfg(feature = "fake")]
pub mod fake;
mod machine;

pub use backend::{BootSource, Hypervisor, HypervisorInfo, MachineSource};
pub use config::{ConfigError, Disk, DiskAccess, DiskSerial, FramePort, MacAddress, MachineConfig, SharedDirectory};
pub use connector::{AgentConnector, AgentStream, ConnectError};
pub use error::{CreateError, MachineError};
pub use exit::{ExitReporter, ExitWatch, MachineExit};
pub use machine::{Machine, MachineDriver};
