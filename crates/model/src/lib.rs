//! Ids, container configuration, observed state, sizes, signals and users: what every layer talks about, without I/O.
//!
//! Types parse once at the edge and cannot hold nonsense afterwards. The JSON of [`ContainerConfig`] has the keys of Apple's
//! `container` 1.x, so that scripts which read `container inspect` keep working; keys that this build does not know survive a
//! rewrite.

mod config;
mod exit;
mod id;
mod process;
mod signal;
mod size;
mod state;

pub use config::{ContainerConfig, ContainerOptions, ImageReference, MountConfig, PlatformConfig, Resources};
pub use exit::{ExitStatus, exit_code};
pub use id::{ContainerId, ContainerQuery, IdError};
pub use process::{InitProcess, ProcessUser, RlimitConfig};
pub use signal::{Signal, SignalError};
pub use size::{ByteSize, SizeError};
pub use state::{ObservedState, Phase};
