//! What smoltcp takes for a network device: at most one packet that a machine has sent, and the way to that machine.
//!
//! Nothing is copied here but what begins a connection: the packet is read where it lies, and a segment is made in the frame that goes
//! out.

use std::borrow::Cow;

use smoltcp::phy::{Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

use super::TcpPort;
use super::segment_size::bounded;
use crate::PortId;
use crate::link::Link;

/// RFC 791: every IPv4 host takes packets of this size. Keeps the arithmetic of segment sizes in range.
const SMALLEST_MTU_BYTES: u16 = 576;

pub(super) struct PacketDevice<'a> {
    packet: Option<Cow<'a, [u8]>>,
    port: TcpPort,
    link: &'a mut dyn Link,
    sent_bytes: usize,
}

impl<'a> PacketDevice<'a> {
    pub(super) fn new(port: TcpPort, packet: Option<&'a [u8]>, link: &'a mut dyn Link) -> Self {
        Self {
            packet: packet.map(bounded),
            port,
            link,
            sent_bytes: 0,
        }
    }

    /// What went out through it, in bytes.
    pub(super) fn sent_bytes(&self) -> usize {
        self.sent_bytes
    }
}

impl Device for PacketDevice<'_> {
    type RxToken<'t>
        = ReceivedPacket<'t>
    where
        Self: 't;
    type TxToken<'t>
        = PacketToSend<'t>
    where
        Self: 't;

    /// The answer that may follow directly from a packet (a duplicate acknowledgement, a reset) goes out also if a frame is held back:
    /// it is small, and the connection believes that it was sent.
    fn receive(&mut self, _now: Instant) -> Option<(ReceivedPacket<'_>, PacketToSend<'_>)> {
        let packet = self.packet.take()?;
        let answer = PacketToSend {
            port: self.port.id,
            link: &mut *self.link,
            sent_bytes: &mut self.sent_bytes,
        };
        Some((ReceivedPacket(packet), answer))
    }

    fn transmit(&mut self, _now: Instant) -> Option<PacketToSend<'_>> {
        self.link.is_open(self.port.id).then_some(PacketToSend {
            port: self.port.id,
            link: &mut *self.link,
            sent_bytes: &mut self.sent_bytes,
        })
    }

    /// Checksums of what a machine sends are not verified: between it and here is one socket pair, in which no bit is lost. Those of
    /// what it is sent are right, because its kernel verifies them.
    fn capabilities(&self) -> DeviceCapabilities {
        let mut checksums = ChecksumCapabilities::default();
        checksums.ipv4 = Checksum::Tx;
        checksums.tcp = Checksum::Tx;
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(self.port.mtu_bytes.max(SMALLEST_MTU_BYTES));
        capabilities.checksum = checksums;
        capabilities
    }
}

pub(super) struct ReceivedPacket<'a>(Cow<'a, [u8]>);

impl RxToken for ReceivedPacket<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub(super) struct PacketToSend<'a> {
    port: PortId,
    link: &'a mut dyn Link,
    sent_bytes: &'a mut usize,
}

impl TxToken for PacketToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut fill = Some(fill);
        let mut filled = None;
        self.link.send_ip(self.port, length, &mut |bytes| {
            if let Some(fill) = fill.take() {
                filled = Some(fill(bytes));
            }
        });
        *self.sent_bytes += length;
        match (filled, fill) {
            (Some(filled), _) => filled,
            // The link dropped the packet without having it made.
            (None, Some(fill)) => fill(&mut vec![0; length]),
            (None, None) => unreachable!("what was taken has been called"),
        }
    }
}
