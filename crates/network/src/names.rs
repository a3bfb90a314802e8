//! The names of one network: what its containers are called, and the way of all other questions to the resolvers of the host.
//!
//! Nothing here does I/O except [`HostResolvers`], which reads one small file; nothing blocks, and time is given by the caller.
//! [`Answerer`] takes a query and answers it from the [`Table`], or says that it is to be forwarded. [`Forwarder`] then says what is to be
//! sent to which resolver, and gives the reply for the machine.
//!
//! What is decided here where specifications leave a choice:
//! - A name that no container has is forwarded, also one of a single label and one that ends with the network's name: a network may be
//!   called like a domain that exists. Below a configured domain the network is the authority, and such a name does not exist.
//! - A network without a way out forwards nothing: what it does not know does not exist (NXDOMAIN). REFUSED and SERVFAIL would make the
//!   resolvers of C libraries try again and wait for a name that cannot come.
//! - A name of ours without an address of the family that was asked for is NODATA, so that a question for AAAA does not hide the A.
//! - The host's `/etc/hosts` is not consulted.

mod answerer;
mod forwarder;
mod resolvers;
mod table;
mod wire;

pub use answerer::{Answer, Answerer};
pub use forwarder::{Action, Forwarder, Limits, UpstreamId};
pub use resolvers::{HostResolvers, ResolverFile};
pub use table::{Found, Table, Zone};
pub use wire::QUERY_MAX_BYTES;

/// What carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A datagram, whose size the client limits.
    Udp,
    /// A connection, on which each message follows its length in two bytes. The length is no part of the messages here.
    Tcp,
}
