//! The gateway's way to the machines.

use std::net::IpAddr;

use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol};

use crate::fragmentation::{cut_ipv4, cut_ipv6};
use crate::link::Link;
use crate::packet::Header;
use crate::ports::{Port, Ports};
use crate::{FlowId, NetworkParameters, Outside, PortId};

/// An Ethernet header.
pub(crate) const ETHERNET_HEADER_BYTES: usize = 14;

/// The ports with what packets of the gateway need.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) network: NetworkParameters,
    pub(crate) ports: Ports,
    next_flow_id: u64,
    next_identification: u32,
    frame: Vec<u8>,
}

impl Switch {
    pub(crate) fn new(network: NetworkParameters, random_seed: u64) -> Self {
        // Any 32 bits of the seed do: fragments of the gateway are told apart by it, nothing more.
        let next_identification = (random_seed >> 32) as u32;
        Self {
            network,
            ports: Ports::default(),
            next_flow_id: 0,
            next_identification,
            frame: Vec::new(),
        }
    }

    pub(crate) fn link<'a>(&'a mut self, outside: &'a mut dyn Outside) -> GatewayLink<'a> {
        GatewayLink { switch: self, outside }
    }
}

/// The ports together with the world.
pub(crate) struct GatewayLink<'a> {
    pub(crate) switch: &'a mut Switch,
    outside: &'a mut dyn Outside,
}

impl GatewayLink<'_> {
    /// Sends a packet with a payload of `length` bytes that `fill` writes into zeroes, in fragments if the machine takes no packet of that
    /// size. Nothing if no packet can be of that size.
    pub(crate) fn send(&mut self, port: PortId, header: &Header, length: usize, fill: &mut dyn FnMut(&mut [u8])) {
        if length > header.maximum_payload_bytes() {
            return;
        }
        let Some(mtu_bytes) = self.switch.ports.get(port).map(|port| port.parameters.mtu_bytes) else {
            return;
        };
        let identification = self.switch.next_identification;
        self.switch.next_identification = identification.wrapping_add(1);
        let packet_bytes = header.header_bytes() + length;
        if packet_bytes <= usize::from(mtu_bytes) {
            self.send_ip(port, packet_bytes, &mut |packet| {
                if let Some(payload) = packet.get_mut(header.header_bytes()..) {
                    fill(payload);
                }
                header.write(identification as u16, packet);
            });
            return;
        }
        let mut payload = vec![0; length];
        fill(&mut payload);
        let fragments = match header.source {
            IpAddr::V4(_) => cut_ipv4(&header.packet(identification as u16, &payload), mtu_bytes),
            IpAddr::V6(_) => cut_ipv6(header, identification, &payload, mtu_bytes),
        };
        for fragment in fragments {
            self.send_packet(port, &fragment);
        }
    }

    /// Sends a whole packet that fits the machine's MTU.
    pub(crate) fn send_packet(&mut self, port: PortId, packet: &[u8]) {
        self.send_ip(port, packet.len(), &mut |bytes| bytes.copy_from_slice(packet));
    }

    /// Sends a frame with a payload of `length` bytes that `fill` writes into zeroes. Without `kind` it is an IP packet.
    pub(crate) fn send_ethernet(
        &mut self,
        port: PortId,
        source: [u8; 6],
        kind: Option<EthernetProtocol>,
        length: usize,
        fill: &mut dyn FnMut(&mut [u8]),
    ) {
        let Switch {
            ports, frame, network, ..
        } = &mut *self.switch;
        let Some(port) = ports.get_mut(port) else { return };
        frame.clear();
        frame.resize(ETHERNET_HEADER_BYTES + length, 0);
        let mut ethernet = EthernetFrame::new_unchecked(frame.as_mut_slice());
        ethernet.set_dst_addr(EthernetAddress(port.parameters.mac));
        ethernet.set_src_addr(EthernetAddress(source));
        fill(ethernet.payload_mut());
        let is_ipv6 = ethernet.payload_mut().first().is_some_and(|byte| byte >> 4 == 6);
        let ip = if is_ipv6 {
            EthernetProtocol::Ipv6
        } else {
            EthernetProtocol::Ipv4
        };
        ethernet.set_ethertype(kind.unwrap_or(ip));
        port.send(frame, network.limits.queued_bytes_per_port, self.outside);
    }

    /// Sends a frame of another machine as it is.
    pub(crate) fn forward(&mut self, port: PortId, frame: &[u8]) {
        let limit_bytes = self.switch.network.limits.queued_bytes_per_port;
        if let Some(port) = self.switch.ports.get_mut(port) {
            port.send(frame, limit_bytes, self.outside);
        }
    }

    /// Sends a frame of `sender` as it is to all other machines that take one of that size.
    pub(crate) fn flood(&mut self, sender: PortId, frame: &[u8]) {
        let limit_bytes = self.switch.network.limits.queued_bytes_per_port;
        for port in self.switch.ports.iter_mut().filter(|port| port.id != sender) {
            if frame.len() <= ETHERNET_HEADER_BYTES + usize::from(port.parameters.mtu_bytes) {
                port.send(frame, limit_bytes, self.outside);
            } else {
                port.counters.received_dropped += 1;
            }
        }
    }

    /// Sends the frames that are held back for a machine.
    pub(crate) fn flush(&mut self, port: PortId) {
        if let Some(port) = self.switch.ports.get_mut(port) {
            port.flush(self.outside);
        }
    }
}

impl Link for GatewayLink<'_> {
    fn is_open(&self, port: PortId) -> bool {
        self.switch.ports.get(port).is_none_or(Port::is_open)
    }

    fn send_ip(&mut self, port: PortId, length: usize, fill: &mut dyn FnMut(&mut [u8])) {
        let source = self.switch.network.gateway_mac;
        self.send_ethernet(port, source, None, length, fill);
    }

    fn new_flow_id(&mut self) -> FlowId {
        let id = FlowId(self.switch.next_flow_id);
        self.switch.next_flow_id += 1;
        id
    }

    fn outside(&mut self) -> &mut dyn Outside {
        self.outside
    }
}
