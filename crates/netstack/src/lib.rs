//! A network of machines as a pure state machine: an Ethernet switch whose gateway carries TCP, UDP and ICMP echo over to sockets of
//! the host.
//!
//! Frames and the outcome of what was asked go in, frames and what sockets are to do come out through [`Outside`]. There is no I/O and
//! no clock here: every call is given the time since the process began.
//!
//! Nothing that a machine sends makes it panic or hold more than [`Limits`] allow, and none of it reaches another machine that it is not
//! for.

mod arp;
mod destination;
mod echo;
mod flow_table;
mod fragmentation;
mod gateway_link;
mod icmp;
mod ip;
mod limits;
mod link;
mod neighbours;
mod outside;
mod packet;
mod parameters;
mod ports;
mod reassembly;
mod stack;
mod tcp;
mod udp;
mod view;

#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use outside::{Close, ConnectFailure, Destination, FlowId, Outside, PortId, Read, Sent, Service, Wrote};
pub use parameters::{Ipv4Parameters, Ipv6Parameters, MINIMUM_MTU_BYTES, NetworkParameters, PortError, PortParameters};
pub use stack::Stack;
pub use view::{FlowDirection, FlowTransport, FlowView, PortCounters};
