//! The protocol between front ends and launchers, and its client.

mod client;

pub(crate) use client::to_tokio;
pub use client::{ConnectError, ControlClient, client, connect};

/// Messages and services of `container.control.v1`, see `proto/control.proto` for what they mean.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    reason = "generated code"
)]
pub mod v1 {
    include!("control/generated/container.control.v1.rs");
}

/// HTTP/2 windows on both sides: what may be on its way for one stream and for one connection, bytes.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 512 << 10;
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;

/// Largest message that either side takes, bytes: a chunk of standard input or output, with room.
pub(crate) const MESSAGE_MAX_BYTES: usize = 1 << 20;
