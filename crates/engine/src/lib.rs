//! Run, exec, stop and the other verbs of a container's life, and those of images and logins: the only door for front ends.
//!
//! An [`Engine`] stands for one app root. It holds no state of its own between calls: everything is files and the launchers that
//! own running containers. What needs the user's settings is done by a [`ConfiguredEngine`]. Each verb is a file.
//!
//! What front ends see is the engine's own: requests, views, events and errors. Besides these they speak the words of
//! `container-model`, and of `container-oci` the names of images, platforms, digests and registries.

mod assets;
mod attach;
mod backend;
mod configure;
mod container;
mod create;
mod delete;
mod engine;
mod error;
mod exec;
mod images;
mod kernel;
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
mod registries;
mod request;
mod scheme;
mod serve_network;
mod serve_shares;
mod session;
mod settings;
mod signal;
mod start;
mod system;
mod usage;
mod user_settings;
mod volumes;

pub use container::ContainerView;
pub use engine::{ConfiguredEngine, Engine};
pub use error::{
    Cause, EngineError, FailureClass, ImageError, ImageErrorKind, KernelError, LoginError, NetworkError, OpenError,
    RequestError, VolumeError,
};
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
pub use logs::{LogOptions, LogReader, LogSource};
pub use messages::is_for_users;
pub use networks::{
    ActiveFlow, ActiveMachine, CreateNetworkRequest, NetworkActivity, NetworkCapture, NetworkCaptureEnd, NetworkMember,
    NetworkView, PrunedNetworks,
};
pub use new_container::NewContainer;
pub use request::{
    CreateRequest, ExecOptions, NetworkSelection, NetworkingRequest, ProxyRequest, PullOptions, SessionOptions,
    ShareMountRequest, UserRequest, VolumeMountRequest, VolumesFromRequest, WindowSize,
};
pub use scheme::Scheme;
pub use serve_network::serve_network;
pub use serve_shares::serve_shares;
pub use session::{InputClosed, Session, SessionControl, SessionEvent, SessionEvents, SessionInput};
pub use system::{HypervisorView, SystemStatus};
pub use usage::{DiskUsage, Usage};
pub use volumes::{CreateVolumeRequest, PrunedVolumes, VolumeView};
