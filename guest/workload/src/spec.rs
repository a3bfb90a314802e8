//! The description of a container and its processes.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::capability::CapabilitySet;
use crate::names::Names;
use crate::rlimit::Rlimit;
use crate::seccomp::Seccomp;

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
    /// Whether it is there for steps ([`StepSpec`]): it has disks and no root of its own then.
    pub is_for_steps: bool,
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
    /// Limits besides [`ContainerSpec::limits`], in the order in which they are set.
    pub control_files: Vec<ControlFile>,
    /// Devices of the machine besides those of every container.
    pub devices: Vec<DeviceSpec>,
    /// Whether it has all devices of the machine, and can write to `/sys` and to its control groups.
    pub privileged: bool,
    /// Tag of the shared directory with a translator for programs of another architecture.
    pub translator_tag: Option<String>,
}

/// What one step sees besides the layers below it and what was written before it.
#[derive(Debug, Clone, Default)]
pub struct StepSpec {
    /// As in [`ContainerSpec`], and so on.
    pub hostname: String,
    /// What it knows of names.
    pub names: Names,
    /// Further mounts, in order.
    pub mounts: Vec<MountSpec>,
    /// Size of `/dev/shm` in bytes.
    pub shm_size_bytes: u64,
    /// Paths that are hidden.
    pub masked_paths: Vec<String>,
    /// Paths that cannot be written.
    pub readonly_paths: Vec<String>,
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
    /// A socket on which the caller listens.
    Socket(SocketSpec),
    /// A file or a directory of a tree that was brought in for a step.
    Tree(TreeSpec),
    /// A directory of the host that several machines fill.
    Cache(CacheSpec),
    /// A file that is only in memory.
    Secret(SecretSpec),
}

/// A part of a tree that was brought in for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePart {
    /// The caller's number of the tree.
    pub tree: u32,
    /// The path in it; empty for all of it.
    pub path: String,
}

/// A part of a tree, mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeSpec {
    /// Which one.
    pub part: TreePart,
    /// Whether it is read-only at the target.
    pub read_only: bool,
}

/// A directory of the host that several machines fill. It is made by the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSpec {
    /// The name in the root of the device of shares of the directory that it is in.
    pub name: String,
    /// The directory of it that is shown; empty for all of it.
    pub subpath: String,
    /// Whether it is read-only at the target.
    pub read_only: bool,
    /// Whose it is when it is new and empty.
    pub owner: FileOwner,
    /// What it gets when it is new, with owners and modes.
    pub initial: Option<TreePart>,
}

/// A file that is only in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// What is in it.
    pub content: Vec<u8>,
    /// Whose it is.
    pub owner: FileOwner,
}

impl fmt::Debug for SecretSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSpec")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// Whose a file is, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileOwner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
}

/// A socket on which the caller listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketSpec {
    /// The caller's number of it, unique within the container.
    pub listener: u32,
    /// Whose it is: as [`ProcessSpec::user`].
    pub owner: String,
    /// Permission bits; `None` for its owner alone.
    pub mode: Option<u32>,
}

/// A directory or a file of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareSpec {
    /// Its name in the root of the device of shares.
    pub name: String,
    /// The directory of it, relative to its root; empty for the root, which may be a file.
    pub subpath: String,
    /// Whether it is read-only at the target.
    pub read_only: bool,
    /// Whether it gets what the image has at the target if it is empty.
    pub copy_image: bool,
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

/// A file of the control group and what is written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlFile {
    /// Its name, without a slash.
    pub name: String,
    /// What is written.
    pub value: String,
    /// Whether a kernel that has no such file is no failure.
    pub optional: bool,
}

/// A device of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Its node in the machine, below `/dev`.
    pub path: String,
    /// Its node in the container, below `/dev`.
    pub target: String,
    /// Whether it may be read.
    pub read: bool,
    /// Whether it may be written.
    pub write: bool,
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

/// Makes a new network namespace ready in which the calling process, which has one thread, is.
pub type NetworkSetup = fn() -> io::Result<()>;

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
    /// Which system calls it may make.
    pub seccomp: Seccomp,
    /// Further supplementary groups, by name or number.
    pub additional_groups: Vec<String>,
    /// How likely it is to be killed for lack of memory, proc(5); `None` leaves it as it is.
    pub oom_score_adj: Option<i32>,
    /// In the init role: it is the child of a small PID 1, which reaps and passes signals on.
    pub has_init: bool,
    /// In the init role: what makes the network namespace of the container's own ready, from within; without it the container has the machine's.
    pub own_network: Option<NetworkSetup>,
}
