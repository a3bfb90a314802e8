//! What a forwarder asks of its driver, and how much of it at a time.

use std::net::SocketAddr;

/// An attempt to ask a resolver. Never used again for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamId(pub u64);

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a socket for datagrams, and send one with it.
    Send {
        /// What the answer is reported with.
        upstream: UpstreamId,
        /// The resolver.
        server: SocketAddr,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Open a connection, and send a message on it, after its length in two bytes.
    SendTcp {
        /// What the answer is reported with, without its length.
        upstream: UpstreamId,
        /// The resolver.
        server: SocketAddr,
        /// The message, without its length.
        bytes: Vec<u8>,
    },
    /// Close the socket of an attempt. Nothing about it is to be reported any more, and nothing happens if it is.
    Close {
        /// The attempt.
        upstream: UpstreamId,
    },
    /// Send the answer to the client.
    Reply {
        /// What the query was submitted with.
        token: u64,
        /// The message.
        bytes: Vec<u8>,
    },
}

/// How many queries may be under way. Each has a socket of the driver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of all machines together.
    pub total: usize,
    /// Of one machine.
    pub per_machine: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 4096,
            per_machine: 256,
        }
    }
}
