//! Puts load on the process of a network without any machine: a TCP/IP host in this process has the machine's end of the line.
//!
//! The process is a real one, started by `NetworkClient` as launchers do. Its program is `wire` (`src/main.rs`), which serves a network
//! with the code that `container switch` runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod device;
mod endpoint;
mod frame_stream;
mod line;
mod machine;
mod memory;
mod network;
mod packets;
mod request;
mod station;

pub use endpoint::Endpoint;
pub use machine::Machine;
pub use memory::{Memory, cpu_seconds};
pub use network::{Network, paths_below, publish, resolver_below};
pub use packets::Message;
pub use request::attach_request;
pub use station::Station;
