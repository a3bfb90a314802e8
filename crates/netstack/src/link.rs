//! What flows need of the switch and of the world.

use crate::{FlowId, Outside, PortId};

/// The way of packets to machines.
pub(crate) trait Link {
    /// Whether a frame for the machine can go out at once. While it cannot, one is held back already, and a flow that can wait makes none.
    fn is_open(&self, port: PortId) -> bool;

    /// Makes an IP packet of `length` bytes and sends it from the gateway's MAC address. `fill` is given zeroes. Held back if the socket is
    /// full, dropped if too much is.
    fn send_ip(&mut self, port: PortId, length: usize, fill: &mut dyn FnMut(&mut [u8]));

    /// A name for a new flow.
    fn new_flow_id(&mut self) -> FlowId;

    /// The world.
    fn outside(&mut self) -> &mut dyn Outside;
}
