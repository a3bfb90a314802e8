//! A machine that speaks datagrams, without any TCP: it makes its packets itself, in fragments where they are large.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::{Duration, Instant};

use container_model::PublishedPort;
use container_network::{Attached, frame_pair};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, Icmpv4Packet, IpProtocol,
};

use crate::Network;
use crate::packets::{ECHO_HEADER_BYTES, Ends, Fragments, Message, frames, udp_datagram};
use crate::request::attach_request;

/// The gateway answers in that time, and takes a frame.
const LIMIT: Duration = Duration::from_secs(60);
/// Room for the largest frame, bytes.
const FRAME_BYTES: usize = 1 << 17;
/// Echo request (RFC 792).
const ECHO_REQUEST: u8 = 8;

/// A machine.
#[derive(Debug)]
pub struct Station {
    /// What the process said when it attached the machine.
    pub attached: Attached,
    line: UnixDatagram,
    mac: EthernetAddress,
    gateway_mac: EthernetAddress,
    address: Ipv4Addr,
    identification: u16,
    fragments: Fragments,
    buffer: Vec<u8>,
    _connection: UnixStream,
}

impl Station {
    /// Attaches a machine of this name whose IP packets have at most `mtu` bytes.
    ///
    /// # Panics
    /// When the process does not take it.
    #[must_use]
    pub fn attach(network: &Network, name: &str, mtu: u16, ports: Vec<PublishedPort>) -> Self {
        let line = frame_pair().unwrap();
        let request = attach_request(name, mtu, ports);
        let attachment = network.client.attach(&request, &line.switch).unwrap();
        let (attached, connection) = attachment.into_connection();
        line.machine.set_write_timeout(Some(LIMIT)).unwrap();
        let mut station = Self {
            mac: EthernetAddress(attached.status.mac_address.bytes()),
            gateway_mac: EthernetAddress::BROADCAST,
            address: attached.status.ipv4_address.addr(),
            attached,
            line: line.machine,
            identification: 0,
            fragments: Fragments::default(),
            buffer: vec![0; FRAME_BYTES],
            _connection: connection,
        };
        station.gateway_mac = station.ask_for_gateway();
        station
    }

    /// The gateway, which knows names.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        self.attached.status.ipv4_gateway
    }

    /// The address that leads to the host's loopback.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn host(&self) -> Ipv4Addr {
        let mut addresses = self.attached.host_access.iter();
        let found = addresses.find_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        found.unwrap()
    }

    /// A port of the host at which the machine's only port is published.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn published(&self) -> SocketAddr {
        let port = self.attached.ports.first().unwrap();
        let address = port.host_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        SocketAddr::new(address, port.host_port)
    }

    /// Sends a datagram. Waits until the line has room.
    ///
    /// # Panics
    /// When the line has none for long.
    pub fn send_udp(&mut self, from_port: u16, to: SocketAddrV4, payload: &[u8]) {
        let datagram = udp_datagram(SocketAddrV4::new(self.address, from_port), to, payload);
        self.send(*to.ip(), IpProtocol::Udp, &datagram);
    }

    /// Sends an echo request.
    ///
    /// # Panics
    /// When the line has no room for long.
    pub fn send_echo(&mut self, to: Ipv4Addr, identifier: u16, sequence: u16, payload: &[u8]) {
        let mut message = vec![0; ECHO_HEADER_BYTES];
        message[0] = ECHO_REQUEST;
        message[4..6].copy_from_slice(&identifier.to_be_bytes());
        message[6..8].copy_from_slice(&sequence.to_be_bytes());
        message.extend_from_slice(payload);
        Icmpv4Packet::new_unchecked(&mut message).fill_checksum();
        self.send(to, IpProtocol::Icmp, &message);
    }

    fn send(&mut self, destination: Ipv4Addr, protocol: IpProtocol, data: &[u8]) {
        self.identification = self.identification.wrapping_add(1);
        let ends = Ends {
            source_mac: self.mac,
            destination_mac: self.gateway_mac,
            source: self.address,
            destination,
        };
        for frame in frames(ends, protocol, self.identification, self.attached.status.mtu, data) {
            self.line.send(&frame).unwrap();
        }
    }

    /// The next message that comes in that time; with no time, one that is there.
    pub fn receive(&mut self, limit: Duration) -> Option<Message> {
        let end = Instant::now() + limit;
        loop {
            if let Ok((length, _)) = recv(&self.line, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                if let Some(message) = self.fragments.take(&self.buffer[..length]) {
                    return Some(message);
                }
                continue;
            }
            if Instant::now() >= end {
                return None;
            }
            self.wait(end.saturating_duration_since(Instant::now()));
        }
    }

    fn wait(&self, limit: Duration) {
        let limit = limit.min(Duration::from_millis(900));
        let pause = Timespec {
            tv_sec: 0,
            tv_nsec: limit.subsec_nanos().into(),
        };
        let _ = poll(
            &mut [PollFd::from_borrowed_fd(self.line.as_fd(), PollFlags::IN)],
            Some(&pause),
        );
    }

    /// The hardware address of the gateway.
    fn ask_for_gateway(&mut self) -> EthernetAddress {
        let request = ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Request,
            source_hardware_addr: self.mac,
            source_protocol_addr: self.address,
            target_hardware_addr: EthernetAddress([0; 6]),
            target_protocol_addr: self.gateway(),
        };
        let mut bytes = vec![0; EthernetFrame::<&[u8]>::buffer_len(request.buffer_len())];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes);
        frame.set_src_addr(self.mac);
        frame.set_dst_addr(EthernetAddress::BROADCAST);
        frame.set_ethertype(EthernetProtocol::Arp);
        request.emit(&mut ArpPacket::new_unchecked(frame.payload_mut()));
        self.line.send(&bytes).unwrap();
        let end = Instant::now() + LIMIT;
        loop {
            assert!(Instant::now() < end, "the gateway does not answer");
            self.wait(LIMIT);
            let Ok((length, _)) = recv(&self.line, &mut self.buffer[..], RecvFlags::DONTWAIT) else {
                continue;
            };
            let frame = EthernetFrame::new_checked(&self.buffer[..length]).unwrap();
            if frame.ethertype() == EthernetProtocol::Arp {
                return frame.src_addr();
            }
        }
    }
}
