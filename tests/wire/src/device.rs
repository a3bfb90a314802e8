//! The machine's end of the line as smoltcp's device.

use std::os::fd::BorrowedFd;

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::line::{Line, Outgoing};

/// Bytes before an IP packet in a frame (IEEE 802.3).
const HEADER_BYTES: usize = 14;

/// The line. A frame that finds no room waits, and no other one is made until it is gone.
#[derive(Debug)]
pub(crate) struct Device {
    line: Line,
    frame_bytes: usize,
    waiting: Option<Vec<u8>>,
    spare: Vec<u8>,
}

impl Device {
    /// `mtu_bytes` is the largest IP packet.
    pub(crate) fn new(line: Line, mtu_bytes: usize) -> Self {
        Self {
            line,
            frame_bytes: mtu_bytes + HEADER_BYTES,
            waiting: None,
            spare: Vec::new(),
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.incoming.as_fd()
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.line.outgoing.is_behind()
    }

    /// Sends the frame that waits; whether none waits now.
    fn flush(&mut self) -> bool {
        let Some(frame) = self.waiting.take() else {
            return self.line.outgoing.flush();
        };
        if self.line.outgoing.send(&frame) {
            self.spare = frame;
            true
        } else {
            self.waiting = Some(frame);
            false
        }
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        if !self.flush() {
            return None;
        }
        let frame = self.line.incoming.receive()?;
        let (outgoing, waiting, spare) = (&mut self.line.outgoing, &mut self.waiting, &mut self.spare);
        let sending = Sending {
            outgoing,
            waiting,
            spare,
        };
        Some((Received(frame), sending))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        if !self.flush() {
            return None;
        }
        let (outgoing, waiting, spare) = (&mut self.line.outgoing, &mut self.waiting, &mut self.spare);
        Some(Sending {
            outgoing,
            waiting,
            spare,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.frame_bytes;
        capabilities
    }
}

/// A frame that has come.
pub(crate) struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// A frame to be made.
pub(crate) struct Sending<'a> {
    outgoing: &'a mut Outgoing,
    waiting: &'a mut Option<Vec<u8>>,
    spare: &'a mut Vec<u8>,
}

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = std::mem::take(self.spare);
        frame.resize(length, 0);
        let result = write(&mut frame);
        if self.outgoing.send(&frame) {
            *self.spare = frame;
        } else {
            *self.waiting = Some(frame);
        }
        result
    }
}
