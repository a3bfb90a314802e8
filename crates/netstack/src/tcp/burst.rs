//! Segments that come one behind the other.
//!
//! Nothing is made of a segment of a connection before the last one of a burst was taken: what all of them bring then goes to the peer
//! in one piece, and one acknowledgement answers them. smoltcp sees each of them at once, so that each one that is out of order is
//! answered as ever.

use std::time::Duration;

use smoltcp::wire::TcpPacket;

use super::flow::FlowState;
use super::{LONGEST_SYN_BYTES, TcpFlows, is_request};
use crate::link::Link;
use crate::{Close, FlowId};

/// How many bytes may wait for the peer before they go to it also within a burst: while they are in the processor's cache, and before the
/// machine has filled its window.
const SETTLED_AT_BYTES: usize = 64 << 10;

impl TcpFlows {
    /// Makes something of the segments that were taken: bytes go to peers, and acknowledgements to machines.
    pub(crate) fn settle(&mut self, now: Duration, link: &mut dyn Link) {
        let mut unsettled = std::mem::take(&mut self.unsettled);
        for id in unsettled.drain(..) {
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.is_unsettled = false;
                self.advance(now, id, usize::MAX, link);
            }
        }
        self.unsettled = unsettled;
    }

    /// The same for one flow.
    pub(super) fn settle_flow(&mut self, now: Duration, id: FlowId, link: &mut dyn Link) {
        if self.flows.get(&id).is_some_and(|flow| flow.is_unsettled) {
            self.advance(now, id, usize::MAX, link);
        }
    }

    pub(super) fn segment_of_flow(
        &mut self,
        now: Duration,
        id: FlowId,
        packet: &[u8],
        segment: &TcpPacket<&[u8]>,
        link: &mut dyn Link,
    ) {
        // Either may end the connection, and nothing that came before it is to be lost.
        let is_abrupt = segment.rst() || segment.syn();
        if is_abrupt {
            self.settle_flow(now, id, link);
        }
        let Some(flow) = self.flows.get_mut(&id) else {
            return;
        };
        match &mut flow.state {
            FlowState::Open(connection) => {
                let Some(port) = self.ports.get_mut(&flow.key.port) else {
                    return;
                };
                let waiting_bytes = connection.take(&mut port.scene(now, id, usize::MAX, link), packet);
                if is_abrupt || waiting_bytes >= SETTLED_AT_BYTES {
                    self.advance(now, id, usize::MAX, link);
                } else if !std::mem::replace(&mut flow.is_unsettled, true) {
                    self.unsettled.push(id);
                }
            }
            FlowState::Dialling { .. } if segment.rst() => {
                link.outside().tcp_close(id, Close::Reset);
                self.remove(id);
            }
            // The same SYN again, or one of a machine that was started again: the last one is answered.
            FlowState::Dialling { syn, sequence } if is_request(segment) && packet.len() <= LONGEST_SYN_BYTES => {
                *syn = packet.into();
                *sequence = segment.seq_number();
            }
            FlowState::Dialling { .. } => {}
        }
    }
}
