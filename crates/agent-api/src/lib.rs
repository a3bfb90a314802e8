//! The protocol between host and guest agent: messages, client and server of `container.agent.v1`.
//!
//! The Rust code under `generated/` is made from `proto/agent.proto` and committed, so that an ordinary build needs no code
//! generator. A test compares the two; `UPDATE_GENERATED=1 cargo test -p container-agent-api` rewrites it.

mod socket;
mod token;
mod version;

pub use socket::NoPiece;
pub use token::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
pub use version::{PROTOCOL_VERSION, VersionMismatch, check_version};

/// Messages and services of `container.agent.v1`, see `proto/agent.proto` for what they mean.
#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    reason = "generated code"
)]
pub mod v1 {
    include!("generated/container.agent.v1.rs");
}

/// vsock port on which vminitd listens.
pub const AGENT_VSOCK_PORT: u32 = 1024;

/// Name of the virtio-serial port that stands in for vsock (`/sys/class/virtio-ports/*/name` in the guest).
pub const AGENT_PORT_NAME: &str = "container.agent";

/// Kernel command line key that tells vminitd its channel: `container.agent=vsock` or `container.agent=port`.
pub const AGENT_CHANNEL_KEY: &str = "container.agent";

/// Kernel command line key that tells vminitd how this machine ends itself: `container.power=off` (by ACPI or PSCI) or
/// `container.power=restart`, for a machine that has no power-off and whose host takes a restart for its end. Without the key it is `restart` on
/// x86-64 and `off` elsewhere.
pub const POWER_KEY: &str = "container.power";

/// Line on the console of a machine that is parked, once its agent waits for the next host. A machine that is saved sooner may be restored with
/// an agent that still believes in the former host.
pub const PARKED_LINE: &str = "vminitd: parked";

/// Largest chunk of standard input or output in one message, bytes.
pub const STDIO_CHUNK_BYTES: usize = 64 * 1024;

/// Largest chunk of an archive of files in one message, bytes.
pub const TREE_CHUNK_BYTES: usize = 256 * 1024;
