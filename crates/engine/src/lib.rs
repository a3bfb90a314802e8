//! Run, exec, stop and the other verbs of a container's life, and those of images and logins: the only door for front ends.
//!
//! An [`Engine`] stands for one app root. It holds no state of its own between calls: everything is files and the launchers that
//! own running containers. What needs the user's settings is done by a [`ConfiguredEngine`]. Each verb is a file.
//!
//! What front ends see is the engine's own: requests, views, events and errors. Besides these they speak the words of
//! `container-model`, and of `container-oci` the names of images, platforms, digests and registries.

mod assets;
mod attach;
mod autostart;
mod backend;
mod build_cache;
mod build_machine;
mod clean;
mod commit;
mod configure;
mod container;
mod copy;
mod create;
mod delete;
mod diff;
mod doctor;
mod engine;
mod error;
mod events;
mod exec;
mod export;
#[cfg(test)]
mod fixtures;
mod frozen_disks;
mod images;
mod kernel;
mod last_words;
mod launch;
mod list;
mod login;
mod logins;
mod logout;
mod logs;
mod machines;
mod messages;
mod networks;
mod new_container;
mod pause;
mod paused;
mod process_logs;
mod prune;
mod registries;
mod rename;
mod request;
mod restart;
mod scheme;
mod serve_network;
mod serve_shares;
mod session;
mod settings;
mod signal;
mod start;
mod stats;
mod still_root;
mod system;
mod templates;
mod top;
mod update;
mod usage;
mod user_settings;
mod volumes;
mod wait;

pub use autostart::{
    AUTOSTART_COMMAND, AUTOSTART_END_COMMAND, AutostartStatus, AutostartUnit, ContainerAtBoot, EnabledAutostart,
    EndWithHost, StartAtBoot, StaysStopped,
};
pub use build_cache::{BuildCacheFilter, BuildCacheKind, BuildCacheRecord, PrunedBuildCache};
pub use build_machine::{
    BuildCache, BuildLayer, BuildMachine, BuildMachineRequest, Secret, StepLayer, StepMount, StepNetwork, StepOwner,
    StepRequest, StepTree,
};
pub use commit::{CommitRequest, ConfigChange, ConfigChangeError};
pub use container::ContainerView;
pub use copy::{CopyPlace, CopyRequest};
pub use diff::RootChange;
pub use doctor::{Finding, Verdict, diagnose};
pub use engine::{ConfiguredEngine, Engine};
pub use error::{
    AutostartError, Cause, CopyError, EngineError, FailureClass, ImageError, ImageErrorKind, KernelError, LoginError,
    NetworkError, OpenError, RequestError, VolumeError,
};
pub use events::{EventReader, EventsRequest};
pub use export::ExportTarget;
pub use images::{
    HistoryStep, ImageEvent, ImageProgress, ImageSummary, ImageVariant, LayerEvent, LoadRequest, LoadSource,
    LoadedImage, PlatformChoice, PruneReport, PruneScope, PullRequest, PulledImage, PushRequest, PushedImage,
    SaveFormat, SaveRequest, SaveTarget, SavedImage,
};
pub use kernel::KernelInfo;
pub use launch::launch;
pub use login::{KeyringFailure, LoginRequest, Password, SavedLogin};
pub use logins::LoginView;
pub use logout::RemovedLogin;
pub use logs::{LogOptions, LogPiece, LogReader, LogSource};
pub use messages::is_for_users;
pub use networks::{
    ActiveFlow, ActiveMachine, CreateNetworkRequest, NetworkActivity, NetworkCapture, NetworkCaptureEnd, NetworkMember,
    NetworkView, PrunedNetworks,
};
pub use new_container::NewContainer;
pub use process_logs::ProcessLog;
pub use prune::PrunedContainers;
pub use request::{
    CreateRequest, DeviceRequest, ExecOptions, HealthRequest, LimitRequest, LogRequest, MachineRequest,
    NetworkSelection, NetworkingRequest, ProxyRequest, PublishedSocketRequest, PullOptions, PullPolicy, SeccompRequest,
    SecurityRequest, SessionOptions, ShareMountRequest, SwapLimit, UpdateRequest, UserRequest, VolumeMountRequest,
    VolumesFromRequest, WindowSize,
};
pub use scheme::Scheme;
pub use serve_network::serve_network;
pub use serve_shares::serve_shares;
pub use session::{InputClosed, Session, SessionControl, SessionEvent, SessionEvents, SessionInput};
pub use start::ssh_agent;
pub use stats::ContainerStatistics;
pub use system::{HypervisorView, SystemStatus};
pub use top::{ProcessListing, ProcessView};
pub use update::Updated;
pub use usage::{
    ContainerDiskUsage, DiskUsage, ImageDiskUsage, TemplateDiskUsage, Usage, UsageOfEach, VolumeDiskUsage,
};
pub use volumes::{CreateVolumeRequest, PrunedVolumes, VolumePruneScope, VolumeView};
