//! What front ends ask for.

mod health;
mod limits;
mod log;
mod machine;
mod networking;
mod security;
mod storage;
mod update;

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_model::{ByteSize, Mount, RestartPolicy, Rlimit, Signal};
use container_oci::{Platform, Reference};

pub use health::HealthRequest;
pub use limits::{LimitRequest, SwapLimit};
pub use log::LogRequest;
pub use machine::MachineRequest;
pub use networking::{NetworkSelection, NetworkingRequest, ProxyRequest};
pub use security::{DeviceRequest, SeccompRequest, SecurityRequest};
pub use storage::{PublishedSocketRequest, ShareMountRequest, VolumeMountRequest, VolumesFromRequest};
pub use update::UpdateRequest;

use crate::Scheme;

/// A container to be made. Everything that is `None` comes from the image or the defaults.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// Image to make it from.
    pub image: Reference,
    /// How the image is fetched when it is not here.
    pub pull: PullOptions,
    /// When it is fetched.
    pub pull_policy: PullPolicy,
    /// Platform of the image; `None` is the host's.
    pub platform: Option<Platform>,
    /// Words after the image: replace the image's command.
    pub arguments: Vec<String>,
    /// Replaces the image's entrypoint and drops its command.
    pub entrypoint: Option<String>,
    /// `KEY=VALUE`, added to the image's; later ones win. A bare `KEY` takes the variable away.
    pub environment: Vec<String>,
    /// Working directory.
    pub working_directory: Option<String>,
    /// The user to run as.
    pub user: UserRequest,
    /// Whether the workload has a terminal.
    pub terminal: bool,
    /// Whether standard input is passed on.
    pub stdin: bool,
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory.
    pub memory: Option<ByteSize>,
    /// Size of `/dev/shm`.
    pub shm_size: Option<ByteSize>,
    /// Size of the writable disk.
    pub storage_size: Option<ByteSize>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// What others note of it.
    pub annotations: BTreeMap<String, String>,
    /// Resource limits.
    pub rlimits: Vec<Rlimit>,
    /// Limits of its control group.
    pub limits: LimitRequest,
    /// Supplementary groups, by name or number.
    pub additional_groups: Vec<String>,
    /// Capabilities to add: `ALL` or names, with or without `CAP_`.
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    pub cap_drop: Vec<String>,
    /// What its processes may do besides.
    pub security: SecurityRequest,
    /// Whether its program is the child of a small PID 1.
    pub init: bool,
    /// What is asked of its machine.
    pub machine: MachineRequest,
    /// File systems in memory.
    pub mounts: Vec<Mount>,
    /// Volumes.
    pub volumes: Vec<VolumeMountRequest>,
    /// Directories, files and sockets of the host.
    pub shares: Vec<ShareMountRequest>,
    /// Containers whose volumes it gets as well.
    pub volumes_from: Vec<VolumesFromRequest>,
    /// Unix sockets of the host that lead into it.
    pub published_sockets: Vec<PublishedSocketRequest>,
    /// Forward the SSH agent of whoever starts it.
    pub ssh: bool,
    /// Networks, ports and names.
    pub networking: NetworkingRequest,
    /// Read-only root file system.
    pub read_only: bool,
    /// Delete the container once it has ended.
    pub auto_remove: bool,
    /// How its output is kept.
    pub log: LogRequest,
    /// Signal that `stop` sends first; `None` is the image's, else SIGTERM.
    pub stop_signal: Option<Signal>,
    /// Seconds that `stop` gives it; `None` leaves that to the command.
    pub stop_timeout_seconds: Option<u32>,
    /// What follows the end of its program.
    pub restart: RestartPolicy,
    /// How it is found out whether it works.
    pub health: HealthRequest,
    /// Kernel image instead of the default one.
    pub kernel: Option<PathBuf>,
    /// Boot it at every start, also where it could start from a template.
    pub cold: bool,
}

impl CreateRequest {
    /// A container of this image with nothing but defaults.
    #[must_use]
    pub fn new(image: Reference) -> Self {
        Self {
            image,
            pull: PullOptions::default(),
            pull_policy: PullPolicy::Missing,
            platform: None,
            arguments: Vec::new(),
            entrypoint: None,
            environment: Vec::new(),
            working_directory: None,
            user: UserRequest::default(),
            terminal: false,
            stdin: false,
            cpus: None,
            memory: None,
            shm_size: None,
            storage_size: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            rlimits: Vec::new(),
            limits: LimitRequest::default(),
            additional_groups: Vec::new(),
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            security: SecurityRequest::default(),
            init: false,
            machine: MachineRequest::default(),
            mounts: Vec::new(),
            volumes: Vec::new(),
            shares: Vec::new(),
            volumes_from: Vec::new(),
            published_sockets: Vec::new(),
            ssh: false,
            networking: NetworkingRequest::default(),
            read_only: false,
            auto_remove: false,
            log: LogRequest::default(),
            stop_signal: None,
            stop_timeout_seconds: None,
            restart: RestartPolicy::No,
            health: HealthRequest::default(),
            kernel: None,
            cold: false,
        }
    }
}

/// When the image of a new container is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// Each time, so that it is what the registry has now.
    Always,
    /// When it is not here.
    Missing,
    /// Not at all.
    Never,
}

/// How images are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullOptions {
    /// http or https.
    pub scheme: Scheme,
    /// Layers that are fetched at once; at least 1.
    pub max_concurrent_downloads: usize,
}

impl Default for PullOptions {
    fn default() -> Self {
        Self {
            scheme: Scheme::Auto,
            max_concurrent_downloads: 3,
        }
    }
}

/// The user to run as, as a front end was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserRequest {
    /// `-u`: `name`, `uid`, `name:group`, `uid:gid`.
    pub user: Option<String>,
    /// `--uid`.
    pub uid: Option<u32>,
    /// `--gid`.
    pub gid: Option<u32>,
}

/// One more process in a running container. Everything that is `None` or empty is the container's own.
#[derive(Debug, Clone, Default)]
pub struct ExecOptions {
    /// Program and arguments; at least one.
    pub arguments: Vec<String>,
    /// `KEY=VALUE`, added to the container's. A bare `KEY` takes the variable away.
    pub environment: Vec<String>,
    /// Working directory.
    pub working_directory: Option<String>,
    /// The user to run as.
    pub user: UserRequest,
    /// Resource limits, instead of the container's of the same names.
    pub rlimits: Vec<Rlimit>,
    /// Whether it has a terminal.
    pub terminal: bool,
    /// Whether standard input is passed on.
    pub stdin: bool,
    /// Do not attach: the session ends with [`crate::SessionEvent::Running`].
    pub detached: bool,
    /// Size of the terminal.
    pub window_size: Option<WindowSize>,
}

/// How to attach to a container's first process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionOptions {
    /// Pass standard input on.
    pub stdin: bool,
    /// Size of the terminal.
    pub window_size: Option<WindowSize>,
    /// The container is stopped when this process ends without having detached.
    pub owner: bool,
}

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}
