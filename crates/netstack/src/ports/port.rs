//! One machine's port.

use std::net::IpAddr;

use super::queue::FrameQueue;
use crate::reassembly::Reassembly;
use crate::{Outside, PortCounters, PortId, PortParameters, Sent};

/// A machine's port, and what it holds of the machine's traffic.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) id: PortId,
    pub(crate) parameters: PortParameters,
    pub(crate) counters: PortCounters,
    pub(crate) reassembly: Reassembly,
    /// How many link-local addresses the machine was seen to use.
    pub(crate) link_locals: usize,
    queue: FrameQueue,
}

impl Port {
    pub(crate) fn new(id: PortId, parameters: PortParameters) -> Self {
        Self {
            id,
            parameters,
            counters: PortCounters::default(),
            reassembly: Reassembly::default(),
            link_locals: 0,
            queue: FrameQueue::default(),
        }
    }

    /// The machine's address of the family of `peer`.
    pub(crate) fn address_like(&self, peer: IpAddr) -> IpAddr {
        if peer.is_ipv4() {
            self.parameters.ipv4.into()
        } else {
            self.parameters.ipv6.into()
        }
    }

    /// Whether no frame is held back.
    pub(crate) fn is_open(&self) -> bool {
        self.queue.is_empty()
    }

    /// Bytes of frames held back.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue.held_bytes()
    }

    /// Sends a frame to the machine, behind those that are held back.
    pub(crate) fn send(&mut self, frame: &[u8], limit_bytes: usize, outside: &mut dyn Outside) {
        if self.queue.is_empty() {
            match outside.send_frame(self.id, frame) {
                Sent::Taken => return self.count_received(frame.len()),
                Sent::Gone => return self.counters.received_dropped += 1,
                Sent::Full => {}
            }
        }
        if !self.queue.push(frame, limit_bytes) {
            self.counters.received_dropped += 1;
        }
    }

    /// Sends the frames that are held back, as far as the socket takes them.
    pub(crate) fn flush(&mut self, outside: &mut dyn Outside) {
        while let Some(frame) = self.queue.first() {
            let bytes = frame.len();
            match outside.send_frame(self.id, frame) {
                Sent::Taken => {
                    self.queue.remove_first();
                    self.count_received(bytes);
                }
                Sent::Full => return,
                Sent::Gone => self.counters.received_dropped += self.queue.clear() as u64,
            }
        }
    }

    fn count_received(&mut self, bytes: usize) {
        self.counters.received_packets += 1;
        self.counters.received_bytes += bytes as u64;
    }
}
