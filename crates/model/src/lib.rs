//! Ids, container configuration, observed state, sizes, signals and users: what every layer talks about, without I/O.
//!
//! Types parse once at the edge and cannot hold nonsense afterwards. [`ContainerConfig`] and [`ObservedState`] are records: they keep
//! fields that this program does not know ([`UnknownFields`]).

mod config;
mod duration_text;
mod environment;
mod event;
mod exit;
mod health;
mod id;
mod log_stream;
mod network;
mod oom_kills;
mod phase;
mod signal;
mod size;
mod standing;
mod state;
mod unknown;
mod version1;
mod volume;

pub use config::{
    BuildMachine, CacheDirectory, ContainerConfig, ContainerImage, ContainerOptions, ContainerUpdate,
    ControlGroupLimits, ControlGroupUpdate, DeviceNode, DiskMount, HealthCheck, ImageDescriptor, InitProcess, Layer,
    LimitChange, LimitConflict, LogBounds, LogConfig, LogDriver, Mount, ProcessUser, PublishedSocket, Resources,
    RestartPolicy, RestartPolicyError, Rlimit, Security, ShareMount, SocketMount, StopSignal, TmpfsMount, UnknownMount,
    UpdateError, processor_ranges,
};
pub use duration_text::duration_text;
pub use environment::merge_environment;
pub use event::{Event, EventType, EventTypeError};
pub use exit::{ExitStatus, exit_code};
pub use health::{Health, HealthResult, HealthStatus};
pub use id::{ContainerId, ContainerQuery, IdError};
pub use log_stream::LogStream;
pub use network::{
    HostEntry, HostNameError, MacAddress, MacAddressError, NetworkAttachment, NetworkConfig, NetworkName,
    NetworkNameError, NetworkStatus, PublishedPort, ResolverConfig, Transport, check_domain_name, check_host_name,
};
pub use oom_kills::{OomKill, OomKills};
pub use phase::{LastRun, Phase, UnknownPhase};
pub use signal::{Signal, SignalError};
pub use size::{ByteSize, SizeError};
pub use standing::{LockState, Retention, Standing};
pub use state::ObservedState;
pub use unknown::UnknownFields;
pub use version1::upgrade_config;
pub use volume::{VolumeConfig, VolumeJournal, VolumeJournalError, VolumeJournalMode, VolumeName, VolumeNameError};
