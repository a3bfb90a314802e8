//! Creates the workload of a machine: root file system, cgroup, namespaces, and the processes in them.
//!
//! The library is synchronous and must be driven from a single-threaded process, because it forks without executing
//! another program first ([`fork`]); the fork fails otherwise. It waits only for the
//! kernel.
//!
//! A [`Container`] is created once and then starts processes. Each of them is described by a [`ProcessSpec`]; the
//! caller gets back descriptors: a pidfd, the parent's ends of the standard streams, and a pipe that reports
//! whether the program could be executed ([`StartFailure::decode`]).

#![cfg(target_os = "linux")]

mod capability;
mod cgroup;
mod child;
mod container;
mod device;
mod device_policy;
mod etc_files;
mod failure;
mod fork;
mod identity;
mod in_root;
mod layout;
mod mount;
mod mount_option;
mod names;
mod overlay;
mod program;
mod rlimit;
mod root_mounts;
mod seccomp;
mod share;
mod signal;
mod spec;
mod start;
mod stdio;
mod translator;
mod volume;
mod working_directory;

pub mod disk;

pub use capability::{CapabilitySet, UnknownCapability};
pub use cgroup::{Cgroup, CgroupError};
pub use container::{Container, CreateError, CreateTimings};
pub use failure::{StartFailure, StartFailureKind};
pub use layout::Layout;
pub use mount::MountError;
pub use mount_option::UnknownMountOption;
pub use names::{HostsLine, Names, Resolver, ResolverFile};
pub use rlimit::{OPEN_FILES_MAX, Rlimit, UnknownRlimit, raise_own};
pub use signal::send_signal;
pub use spec::{
    ContainerSpec, FileSystemSpec, Limits, MountSource, MountSpec, ProcessSpec, Role, ShareSpec, SharesDevice, Streams,
    VolumeDisk, VolumeSpec, WindowSize,
};
pub use start::StartedProcess;
pub use stdio::{ParentStdio, set_window_size};
