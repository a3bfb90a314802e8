//! Flags that several commands share. They know no command.

mod attachment;
mod creation;
mod label;
mod later;
mod platform;
mod process;
mod progress;
mod registry;
mod tmpfs;
mod ulimit;

pub(crate) use self::attachment::AttachmentFlags;
pub(crate) use self::creation::ContainerFlags;
pub(crate) use self::later::{ExecLaterFlags, LaterFlags};
pub(crate) use self::platform::{PlatformFlags, SelectionFlags};
pub(crate) use self::process::ProcessFlags;
pub(crate) use self::progress::ProgressFlags;
pub(crate) use self::registry::{PullFlags, SchemeFlags};
