//! The seam between the engine and whatever runs a virtual machine.
//!
//! It is drawn at the level of a whole machine. A [`MachineConfig`] says only what QEMU and Virtualization.framework can both do. A
//! [`MachineSource`] makes a machine as described, by booting it with a [`Hypervisor`] or in another way. A [`Machine`] is a handle that
//! several parts may hold; its [`ExitWatch`] tells all of them when and how it ended, and its [`StallWatch`], where a backend has one, when it
//! stands still because the host's disk is full. A backend implements [`Hypervisor`] and [`MachineDriver`].
//!
//! Abilities that only some backends have are traits of their own ([`capability`]); a backend that lacks one does not implement it. How
//! large machines can be is in [`HypervisorInfo`], and what a user can do about a failure in the backend's errors. How a
//! disk, a port or the agent's channel is attached is the backend's own business: the guest finds disks by serial, shared directories by
//! tag and name, and the channel by the kernel command line.
//!
//! What every backend needs is here once: finding a kernel and telling its kind, and reading the guest's console.

mod architecture;
mod backend;
pub mod capability;
mod config;
mod connector;
mod console;
mod descriptor;
mod error;
mod exit;
#[cfg(feature = "fake")]
pub mod fake;
mod kernel;
mod limits;
mod machine;
mod stall;

pub use architecture::GuestArchitecture;
pub use backend::{BootSource, Hypervisor, HypervisorInfo, MachineSource};
pub use config::{
    ConfigError, Disk, DiskAccess, DiskSerial, FlushPolicy, FramePort, GuestMemory, MacAddress, MachineConfig,
    NameError, SHARES_TAG, ShareAccess, ShareName, ShareOwner, SharedDirectory,
};
pub use connector::{AgentConnector, AgentStream, ConnectError};
pub use console::ConsolePump;
pub use descriptor::SharedDescriptor;
pub use error::{CreateError, MachineError};
pub use exit::{ExitReporter, ExitWatch, MachineExit};
pub use kernel::{KernelFormat, find_kernel};
pub use limits::{MachineLimits, TRANSLATOR_TAG, Translation};
pub use machine::{Machine, MachineDriver};
pub use stall::{Stall, StallReporter, StallWatch};
