//! Unix sockets that host and container share: sockets of the host that lead into the container, and sockets in the container that lead to the
//! host's. Every connection is one call of the guest's agent.

mod inward;
mod outward;
mod publish;
mod relays;
mod shared;

pub(crate) use publish::{PublishError, PublishedSockets};
pub(crate) use relays::Relays;
