//! What launchers and commands say to the process of a network: one JSON value a line in both directions, over a Unix socket. The line of
//! an attaching launcher carries the socket of the machine's frames.

mod attach;
mod inspect;
mod line;

pub use attach::{AttachRequest, Attached, Refusal, RefusalKind};
pub use inspect::{Inspection, LiveFlow, LiveMachine};
pub(crate) use line::{LINE_MAX_BYTES, from_line, to_line};

use container_model::{ContainerId, NetworkName};
use serde::{Deserialize, Serialize};

/// What is asked of a network's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Request {
    /// A port of the switch, for as long as the connection lives.
    Attach(Box<AttachRequest>),
    /// The other networks of the container whose port belongs to the connection. There is no reply.
    OtherNetworks(Vec<NetworkName>),
    /// What goes on.
    Inspect,
    /// The frames of all machines, or of one, as a pcapng stream behind the reply's line.
    Capture {
        /// The only machine whose frames are wanted.
        container: Option<ContainerId>,
    },
    /// Whether this network knows the answer of a question about a name. Asked by the process of another network of the same container.
    LookUp {
        /// The question (RFC 1035).
        message: Vec<u8>,
        /// Whether it came as a datagram.
        is_datagram: bool,
    },
}

/// What a network's process answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reply {
    /// The port.
    Attached(Box<Attached>),
    /// No.
    Refused(Refusal),
    /// What goes on.
    Inspection(Box<Inspection>),
    /// The stream follows.
    Capturing,
    /// The answer; `None` when the network does not know it.
    LookedUp(Option<Vec<u8>>),
}
