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

mod announce;
mod cache;
mod capability;
mod cgroup;
mod child;
mod container;
mod device;
mod device_policy;
mod disk_work;
mod etc_files;
mod failure;
mod file_system_ioctl;
mod files;
mod find_socket;
mod fork;
mod fork_ahead;
mod identity;
mod in_root;
mod init;
mod kernel_log;
mod layout;
mod machine_device;
mod mount;
mod mount_option;
mod names;
mod oom_record;
mod overlay;
mod owner;
mod process_list;
mod program;
mod read_ahead;
mod rlimit;
mod root_mounts;
mod seccomp;
mod secret;
mod share;
mod show;
mod signal;
mod socket;
mod spec;
mod start;
mod statistics;
mod stdio;
mod step;
mod step_tree;
mod steps;
mod stub;
mod translator;
mod volume;
mod waiting;
mod working_directory;

pub mod disk;

pub use announce::{ShareChange, ShareEntry};
pub use capability::{CapabilitySet, UnknownCapability};
pub use cgroup::{Cgroup, CgroupError, LimitsError};
pub use container::{Container, CreateError, CreateTimings, ResumeError};
pub use disk_work::{DiskWork, Frozen, done_bytes};
pub use failure::{StartFailure, StartFailureKind};
pub use files::{ArchiveUse, FileStatus, FilesJob, FilesOutcome, FilesProcess};
pub use find_socket::FindSocketError;
pub use kernel_log::KernelLog;
pub use layout::Layout;
pub use mount::MountError;
pub use mount_option::UnknownMountOption;
pub use names::{HostsLine, Names, Resolver, ResolverFile};
pub use oom_record::OomRecord;
pub use process_list::{ListedProcess, ProcessList, pid_in_container};
pub use rlimit::{OPEN_FILES_MAX, Rlimit, UnknownRlimit, raise_own};
pub use seccomp::{FilterProgram, FilterProgramError, Seccomp};
pub use signal::send_signal;
pub use socket::ListeningSocket;
pub use spec::{
    CacheSpec, ContainerSpec, ControlFile, DeviceSpec, FileOwner, FileSystemSpec, Limits, MountSource, MountSpec,
    NetworkSetup, ProcessSpec, Role, SecretSpec, ShareSpec, SharesDevice, SocketSpec, StepSpec, Streams, TreePart,
    TreeSpec, VolumeDisk, VolumeSpec, WindowSize,
};
pub use start::StartedProcess;
pub use statistics::GroupStatistics;
pub use stdio::{ParentStdio, set_window_size};
pub use step::StepError;
pub use waiting::ReadSpec;
