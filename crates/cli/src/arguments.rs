//! Flags that several commands share. They know no command.

mod add_host;
mod attachment;
mod creation;
mod label;
mod later;
mod mount;
pub(crate) mod network;
mod networking;
mod platform;
mod process;
mod progress;
mod publish;
mod registry;
mod storage;
mod tmpfs;
mod ulimit;
mod volume;

pub(crate) use self::attachment::AttachmentFlags;
pub(crate) use self::creation::ContainerFlags;
pub(crate) use self::label::{Label, collect as collect_labels};
pub(crate) use self::later::{ExecLaterFlags, LaterFlags};
pub(crate) use self::networking::NetworkingFlags;
pub(crate) use self::platform::{PlatformFlags, SelectionFlags};
pub(crate) use self::process::ProcessFlags;
pub(crate) use self::progress::ProgressFlags;
pub(crate) use self::registry::{PullFlags, SchemeFlags};
pub(crate) use self::storage::StorageFlags;
