//! Runs the real program as a user does: code that the end-to-end tests in `tests/` share.
//!
//! Each test has a [`Home`], an app root and a runtime directory of its own, with the busybox image loaded. When a home is dropped, no
//! process and no socket of it may be left, so that every test checks that nothing of ours runs when no container does. Every wait is
//! bounded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod accelerator;
mod access;
mod architecture;
mod archive;
mod builds;
mod cache;
mod certificates;
mod cpio;
mod debian_peers;
mod home;
mod host_system;
mod install;
mod layout;
mod name_server;
mod networked;
mod outcome;
mod processes;
mod proxy;
mod pty;
mod published;
mod ready_home;
mod registry;
mod skopeo;
mod store;
mod wait;

pub use container_fixtures::{Answer, Member, Members, Request, Server};

pub use access::{Access, PASSWORD, USER};
pub use architecture::{guest_architecture, host_architecture};
pub use archive::{BUSYBOX, Image, Layer, busybox_layer};
pub use builds::{build, context, told_digest, write_files};
pub use cpio::Initramfs;
pub use debian_peers::{PEERS, has_debian_peers};
pub use home::Home;
pub use install::{InstallTree, binary};
pub use layout::{Compression, Layout, noise};
pub use name_server::{DEBIAN, KNOWN_ADDRESS, name_server};
pub use networked::Interface;
pub use outcome::{Outcome, Started};
pub use processes::{Process, processes_of};
pub use proxy::Proxy;
pub use pty::Pty;
pub use published::{LOCALHOST, LOCALHOST_V6, ask, connect, exchange, fetch, free_port, free_ports};
pub use registry::Registry;
pub use skopeo::Skopeo;
pub use store::Store;
pub use wait::eventually;

use std::time::Duration;

/// Longest time that one command may take. A boot takes about a second on an idle machine without KVM; the host of the tests may be loaded.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(90);
