//! The description of a container and its processes.

use std::path::PathBuf;

use crate::capability::CapabilitySet;
use crate::names::Names;
use crate::rlimit::Rlimit;

/// Everything needed to make the container's root file system and cgroup.
#[derive(Debug, Clone, Default)]
pub struct ContainerSpec {
    /// Host name in the container's uts namespace and in `/etc/hosts`.
    pub hostname: String,
    /// What the container knows of names.
    pub names: Names,
    /// Block devices of the read-only layers, lowest first.
    pub layers: Vec<PathBuf>,
    /// Block device of the writable EXT4 file system.
    pub writable: PathBuf,
    /// Whether the root is read-only for the workload.
    pub read_only_root: bool,
    /// The disks of volumes that mounts show.
    pub volumes: Vec<VolumeDisk>,
    /// The device of shares, if the machine has one.
    pub shares: Option<SharesDevice>,
    /// Further mounts, in order.
    pub mounts: Vec<MountSpec>,
    /// Limits of the container's cgroup.
    pub limits: Limits,
    /// Size of `/dev/shm` in bytes.
    pub shm_size_bytes: u64,
    /// Kernel parameters: dotted name and value.
    pub sysctls: Vec<(String, String)>,
    /// Paths that are hidden inside the container: files and directories read as empty.
    pub masked_paths: Vec<String>,
    /// Paths that cannot be written inside the container.
    pub readonly_paths: Vec<String>,
    /// Tag of the shared directory with a translator for programs of another architecture.
    pub translator_tag: Option<String>,
}

/// The disk of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeDisk {
    /// Block device with an EXT4 file system.
    pub device: PathBuf,
    /// Whether the machine has it read-only.
    pub read_only: bool,
}

/// One additional mount.
#[derive(Debug, Clone)]
pub struct MountSpec {
    /// Absolute path inside the container.
    pub target: String,
    /// What appears there.
    pub source: MountSource,
}

/// What appears at the target of a mount.
#[derive(Debug, Clone)]
pub enum MountSource {
    /// A new file system.
    FileSystem(FileSystemSpec),
    /// A directory of a volume.
    Volume(VolumeSpec),
    /// A directory or a file of the host.
    Share(ShareSpec),
}

/// A directory or a file of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareSpec {
    /// Its name in the root of the device of shares.
    pub name: String,
    /// Whether it is read-only at the target.
    pub read_only: bool,
}

/// The device that has all shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharesDevice {
    /// Its tag.
    pub tag: String,
    /// Whose the shared files are that nobody has given away: as [`ProcessSpec::user`].
    pub owner: String,
}

/// A new file system.
#[derive(Debug, Clone)]
pub struct FileSystemSpec {
    /// File system type.
    pub kind: String,
    /// What is mounted; any word for file systems without a device.
    pub source: String,
    /// As for mount(8).
    pub options: Vec<String>,
}

/// A directory of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Which of [`ContainerSpec::volumes`] it is.
    pub disk: usize,
    /// The directory, relative to the root of the disk; empty for the root.
    pub subpath: String,
    /// Whether it is read-only at the target.
    pub read_only: bool,
    /// Whether an empty disk gets what the image has at the target.
    pub copy_image: bool,
}

/// Limits of a cgroup; `None` leaves the kernel's default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// `memory.max`.
    pub memory_bytes: Option<u64>,
    /// CPU time in each period of 100 ms, microseconds.
    pub cpu_quota_us: Option<u64>,
}

/// The role of a process in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// PID 1 of a new pid namespace.
    Init,
    /// One more process next to the running init.
    Exec,
}

/// How the standard streams of a process are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// All three are `/dev/null`.
    Null,
    /// Pipes; without `stdin` the process reads end-of-file at once.
    Pipes {
        /// Whether standard input is a pipe from the caller.
        stdin: bool,
    },
    /// A new terminal is all three of them, and the controlling terminal.
    Terminal(WindowSize),
}

/// Size of a terminal in character cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub columns: u16,
}

/// One process.
#[derive(Debug, Clone, Default)]
pub struct ProcessSpec {
    /// The program and its arguments; the first is searched for in `PATH` unless it holds a slash. Never empty.
    pub arguments: Vec<String>,
    /// `KEY=VALUE`.
    pub environment: Vec<String>,
    /// Absolute path; `/` when empty. Made when missing in the init role.
    pub working_directory: String,
    /// `""`, `name`, `uid`, `name:group`, `uid:gid`.
    pub user: String,
    /// Supplementary groups on top of those of `/etc/group`.
    pub additional_gids: Vec<u32>,
    /// Resource limits that differ from the defaults.
    pub rlimits: Vec<Rlimit>,
    /// Capabilities of the process: the bounding set, and for root the effective and permitted sets.
    pub capabilities: CapabilitySet,
    /// Sets `no_new_privs`.
    pub no_new_privileges: bool,
    /// Installs the default seccomp profile.
    pub seccomp: bool,
}
