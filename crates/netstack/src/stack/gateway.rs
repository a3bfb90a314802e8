//! Packets to the gateway, or through it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Stack;
use super::frames::{Way, complain, to_machine};
use crate::destination::{Place, destination, place};
use crate::icmp::{Problem, parse_echo_request, send_echo_reply};
use crate::ip::{Datagram, parse_ipv4, parse_ipv6, protocol};
use crate::neighbours::is_gateways;
use crate::packet::Header;
use crate::tcp::{IpPacket, TcpPort};
use crate::{ConnectFailure, Outside, PortId};

impl Stack {
    /// Takes a packet for the gateway's MAC address whose source was checked. `None`: it was dropped.
    pub(super) fn routed(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        outside: &mut dyn Outside,
    ) -> Option<()> {
        let network = self.switch.network;
        let to = datagram.destination;
        if is_link_local(datagram.source) && !is_of_gateway(self, to) {
            return None;
        }
        if let Some(target) = self.switch.ports.with_address(to) {
            let is_routable = target != port && !is_link_local(to);
            let mut link = self.switch.link(outside);
            return is_routable.then(|| to_machine(&mut link, port, target, datagram, Way::Routed));
        }
        let Some(fragment) = datagram.fragment else {
            return self.take_whole(now, port, datagram, outside);
        };
        let state = self.switch.ports.get_mut(port)?;
        let Some(whole) = state.reassembly.add(now, &network.limits, datagram, &fragment) else {
            return Some(());
        };
        let datagram = match to {
            IpAddr::V4(_) => parse_ipv4(&whole)?,
            IpAddr::V6(_) => parse_ipv6(&whole)?,
        };
        if datagram.fragment.is_some() {
            return None;
        }
        self.take_whole(now, port, &datagram, outside)
    }

    fn take_whole(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        outside: &mut dyn Outside,
    ) -> Option<()> {
        // Flows see a packet without options and extension headers, which are not carried over to sockets anyway.
        let header = Header {
            hop_limit: datagram.hop_limit,
            ..Header::new(datagram.source, datagram.destination, datagram.protocol)
        };
        let is_plain = datagram.packet.len() == header.header_bytes() + datagram.payload.len();
        if is_plain {
            return self.take_plain(now, port, datagram, outside);
        }
        let packet = header.packet(0, datagram.payload);
        let payload = packet.get(header.header_bytes()..)?;
        self.take_plain(
            now,
            port,
            &Datagram {
                packet: &packet,
                payload,
                ..*datagram
            },
            outside,
        )
    }

    fn take_plain(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        outside: &mut dyn Outside,
    ) -> Option<()> {
        let network = self.switch.network;
        let to = datagram.destination;
        if datagram.hop_limit <= 1 && place(&network, to) == Place::Outside {
            complain(&mut self.switch.link(outside), port, datagram, Problem::HopLimit);
            return Some(());
        }
        let is_icmp = match datagram.protocol {
            protocol::ICMP => to.is_ipv4(),
            protocol::ICMPV6 => to.is_ipv6(),
            _ => false,
        };
        if is_icmp {
            return self.take_echo(now, port, datagram, outside);
        }
        match datagram.protocol {
            protocol::TCP => {
                let to = destination(&network, SocketAddr::new(to, destination_port(datagram.payload)?));
                let mtu_bytes = self.switch.ports.get(port)?.parameters.mtu_bytes;
                let tcp_port = TcpPort { id: port, mtu_bytes };
                let packet = IpPacket {
                    source: datagram.source,
                    destination: datagram.destination,
                    bytes: datagram.packet,
                    payload: datagram.payload,
                };
                self.tcp
                    .segment(now, &tcp_port, packet, to, &mut self.switch.link(outside));
            }
            protocol::UDP => {
                let to = destination(&network, SocketAddr::new(to, destination_port(datagram.payload)?));
                let mut link = self.switch.link(outside);
                if let Err(why) = self.udp.datagram(now, port, datagram, to, &mut link) {
                    complain(&mut link, port, datagram, Problem::Unreachable(why));
                }
            }
            _ => complain(&mut self.switch.link(outside), port, datagram, Problem::Protocol),
        }
        Some(())
    }

    fn take_echo(
        &mut self,
        now: Duration,
        port: PortId,
        datagram: &Datagram<'_>,
        outside: &mut dyn Outside,
    ) -> Option<()> {
        let network = self.switch.network;
        let (machine, to) = (datagram.source, datagram.destination);
        // Errors of machines about datagrams of clients are not carried over.
        let Some(request) = parse_echo_request(machine, to, datagram.payload) else {
            return Some(());
        };
        let is_answered = is_of_gateway(self, to) && !(network.is_internal && place(&network, to) == Place::HostAccess);
        let mut link = self.switch.link(outside);
        if is_answered {
            send_echo_reply(
                &mut link,
                port,
                to,
                machine,
                request.identifier,
                request.sequence,
                request.payload,
            );
            return Some(());
        }
        let problem = match place(&network, to) {
            Place::Outside if !network.is_internal => {
                self.echo.request(now, port, datagram, &request, &mut link);
                return Some(());
            }
            Place::Subnet => ConnectFailure::Unreachable,
            _ => ConnectFailure::Prohibited,
        };
        complain(&mut link, port, datagram, Problem::Unreachable(problem));
        Some(())
    }
}

/// The destination port of a TCP segment or a UDP datagram, which both have it at the same place.
fn destination_port(payload: &[u8]) -> Option<u16> {
    payload.get(2..4)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Whether the gateway answers for an address itself.
fn is_of_gateway(stack: &Stack, address: IpAddr) -> bool {
    let network = &stack.switch.network;
    match address {
        IpAddr::V4(_) => matches!(place(network, address), Place::Gateway | Place::HostAccess),
        IpAddr::V6(address) => is_gateways(network, address),
    }
}
