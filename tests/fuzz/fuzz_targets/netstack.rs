//! Any frames of three machines, with any answers of the world, lead to frames that are valid and for the machine that is sent them, and to
//! bounded memory.
#![no_main]

use std::net::IpAddr;
use std::time::Duration;

use container_netstack::{
    Close, ConnectFailure, Destination, FlowId, FlowTransport, Ipv4Parameters, Ipv6Parameters, Limits,
    NetworkParameters, Outside, PortId, PortParameters, Read, Sent, Stack, Wrote,
};
use etherparse::{NetSlice, SlicedPacket};
use libfuzzer_sys::fuzz_target;

const GATEWAY_MAC: [u8; 6] = [2, 0, 9, 0, 0, 1];
const MTU_BYTES: [u16; 3] = [65_520, 1500, 1280];
const LIMITS: Limits = Limits {
    tcp_flows_per_port: 4,
    tcp_buffer_bytes_per_port: 1 << 20,
    udp_flows_per_port: 3,
    echo_flows_per_port: 2,
    queued_bytes_per_port: 100_000,
    reassembled_datagrams_per_port: 3,
    reassembly_bytes_per_port: 20_000,
};
/// Last bytes of addresses of the subnets: the gateway, the machines, nobody, host access, and the broadcast address of IPv4.
const HOSTS: [u8; 7] = [1, 2, 3, 4, 77, 0xfe, 255];
/// What a packet can carry, extension headers of IPv6 among it.
const PROTOCOLS: [u8; 8] = [6, 17, 1, 58, 0, 44, 60, 2];
/// Flows of which the world remembers to say something.
const REMEMBERED_FLOWS: usize = 8;

fn machine(index: usize) -> PortParameters {
    let number = index as u8 + 2;
    PortParameters {
        mac: [2, 0, 9, 0, 1, number],
        ipv4: [10, 9, 0, number].into(),
        ipv6: [0xfd00, 9, 0, 0, 0, 0, 0, u16::from(number)].into(),
        mtu_bytes: MTU_BYTES[index],
    }
}

/// A world that takes what it is given, as far as the last byte of the input says.
#[derive(Default)]
struct World {
    ports: Vec<PortId>,
    is_full: [bool; 3],
    dice: u8,
    flows: Vec<(FlowTransport, FlowId)>,
}

impl World {
    fn remember(&mut self, transport: FlowTransport, flow: FlowId) {
        self.flows.retain(|(_, known)| *known != flow);
        if self.flows.len() == REMEMBERED_FLOWS {
            self.flows.remove(0);
        }
        self.flows.push((transport, flow));
    }

    fn check(&self, index: usize, frame: &[u8]) {
        let own = machine(index);
        assert!(frame[..6] == own.mac || frame[0] & 1 == 1, "for another machine");
        assert!(frame[6..12] != own.mac, "its own frame");
        assert!(frame.len() <= 14 + usize::from(own.mtu_bytes), "larger than its MTU");
        let is_forwarded = frame[6..12] != GATEWAY_MAC || is_of_machine(frame);
        if !is_forwarded {
            check_strictly(frame);
        }
    }
}

/// Whether a packet is from a machine, and the gateway has only passed it on.
fn is_of_machine(frame: &[u8]) -> bool {
    (0..3).map(machine).any(|own| match frame[12..14] {
        [8, 0] => frame[26..30] == own.ipv4.octets(),
        // The gateway advertises machines in their names.
        [0x86, 0xdd] => frame[22..38] == own.ipv6.octets() && frame[54] != 136,
        _ => false,
    })
}

fn check_strictly(frame: &[u8]) {
    let sliced = SlicedPacket::from_ethernet(frame).expect("a valid frame");
    let (pseudo_header, payload, is_fragment, protocol) = match sliced.net.as_ref().expect("a known protocol") {
        NetSlice::Ipv4(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum());
            assert_eq!(usize::from(header.total_len), frame.len() - 14);
            let pseudo_header = [header.source, header.destination].concat();
            (
                pseudo_header,
                ip.payload().payload,
                ip.is_payload_fragmented(),
                header.protocol.0,
            )
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header().to_header();
            assert_eq!(usize::from(header.payload_length), frame.len() - 14 - 40);
            let pseudo_header = [header.source, header.destination].concat();
            (
                pseudo_header,
                ip.payload().payload,
                ip.is_payload_fragmented(),
                header.next_header.0,
            )
        }
        NetSlice::Arp(_) => return,
    };
    if is_fragment {
        return;
    }
    let mut bytes = Vec::new();
    if protocol != 1 {
        bytes.extend(pseudo_header);
        bytes.extend((payload.len() as u32).to_be_bytes());
        bytes.extend([0, 0, 0, protocol]);
    }
    bytes.extend(payload);
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default());
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    assert_eq!(sum, 0xffff, "a wrong checksum");
}

impl Outside for World {
    fn send_frame(&mut self, port: PortId, frame: &[u8]) -> Sent {
        let index = self
            .ports
            .iter()
            .position(|known| *known == port)
            .expect("a port that is there");
        if self.is_full[index] {
            return Sent::Full;
        }
        self.check(index, frame);
        Sent::Taken
    }

    fn tcp_connect(&mut self, flow: FlowId, to: Destination) {
        check_destination(to);
        self.remember(FlowTransport::Tcp, flow);
    }

    fn tcp_write(&mut self, _flow: FlowId, bytes: &[u8]) -> Wrote {
        match self.dice % 4 {
            0 => Wrote::Full,
            1 => Wrote::Broken,
            2 => Wrote::Bytes(bytes.len().div_ceil(2)),
            _ => Wrote::Bytes(bytes.len()),
        }
    }

    fn tcp_read(&mut self, _flow: FlowId, buffer: &mut [u8]) -> Read {
        self.dice = self.dice.wrapping_add(1);
        match self.dice % 5 {
            0 => Read::Broken,
            1 => Read::End,
            2 => Read::Bytes(buffer.len()),
            _ => Read::Empty,
        }
    }

    fn tcp_finish(&mut self, _flow: FlowId) {}

    fn tcp_close(&mut self, _flow: FlowId, _how: Close) {}

    fn udp_send(&mut self, flow: FlowId, to: Destination, _payload: &[u8]) {
        check_destination(to);
        self.remember(FlowTransport::Udp, flow);
    }

    fn udp_answer(&mut self, flow: FlowId, _payload: &[u8]) {
        self.remember(FlowTransport::Udp, flow);
    }

    fn udp_close(&mut self, _flow: FlowId) {}

    fn echo_send(&mut self, flow: FlowId, to: IpAddr, _sequence: u16, _payload: &[u8]) {
        check_destination(Destination::Remote((to, 0).into()));
        self.remember(FlowTransport::Echo, flow);
    }

    fn echo_close(&mut self, _flow: FlowId) {}
}

fn check_destination(to: Destination) {
    let Destination::Remote(to) = to else { return };
    let is_own = match to.ip() {
        IpAddr::V4(to) => to.is_loopback() || to.is_link_local() || to.octets()[..3] == [10, 9, 0],
        IpAddr::V6(to) => to.is_loopback() || to.is_unicast_link_local() || to.segments()[..4] == [0xfd00, 9, 0, 0],
    };
    assert!(!is_own && !to.ip().is_multicast() && !to.ip().is_unspecified(), "{to}");
}

/// An IP packet of a machine that passes the first checks: `seed` chooses where it goes and what it carries.
fn packet(index: usize, is_ipv6: bool, seed: u8, body: &[u8]) -> Vec<u8> {
    let own = machine(index);
    let host = HOSTS[usize::from(seed) % HOSTS.len()];
    let to_mac = match host {
        2..=4 => machine(usize::from(host) - 2).mac,
        255 => [0xff; 6],
        _ => GATEWAY_MAC,
    };
    let protocol = PROTOCOLS[usize::from(body.first().copied().unwrap_or_default()) % PROTOCOLS.len()];
    let options = body.get(1..5).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; 4]);
    let payload = body.get(5..).unwrap_or_default();
    let mut frame = [to_mac, own.mac].concat();
    // One in sixteen goes outside.
    let is_outside = seed >= 240;
    if is_ipv6 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
        frame.extend((payload.len() as u16).to_be_bytes());
        frame.extend([protocol, options[0].max(1)]);
        frame.extend(own.ipv6.octets());
        let segments = if is_outside {
            [0x2001, 0xdb8, 0, 0]
        } else {
            [0xfd00, 9, 0, 0]
        };
        frame.extend(segments.into_iter().flat_map(u16::to_be_bytes));
        frame.extend([0, 0, 0, 0, 0, 0, 0, host]);
    } else {
        frame.extend([8, 0, 0x45, 0]);
        frame.extend((20 + payload.len() as u16).to_be_bytes());
        // Few identifications, so that fragments meet.
        frame.extend([0, options[1] % 4, options[2], options[3], options[0].max(1), protocol]);
        let checksum_at = frame.len();
        frame.extend([0, 0]);
        frame.extend(own.ipv4.octets());
        frame.extend(if is_outside {
            [192, 0, 2, host]
        } else {
            [10, 9, 0, host]
        });
        let header = etherparse::Ipv4Header::from_slice(&frame[14..34]).expect("a header").0;
        frame[checksum_at..checksum_at + 2].copy_from_slice(&header.calc_header_checksum().to_be_bytes());
    }
    frame.extend(payload);
    frame
}

fuzz_target!(|steps: Vec<(u8, u8, Vec<u8>)>| {
    let network = NetworkParameters {
        gateway_mac: GATEWAY_MAC,
        ipv4: Ipv4Parameters {
            gateway: [10, 9, 0, 1].into(),
            prefix_length: 24,
            host_access: Some([10, 9, 0, 254].into()),
        },
        ipv6: Ipv6Parameters {
            gateway: [0xfd00, 9, 0, 0, 0, 0, 0, 1].into(),
            prefix_length: 64,
            host_access: Some([0xfd00, 9, 0, 0, 0, 0, 0, 0xfe].into()),
        },
        is_internal: steps.len() % 8 == 7,
        limits: LIMITS,
    };
    let mut stack = Stack::new(network, 1);
    let mut world = World::default();
    world.ports = (0..3)
        .map(|index| stack.add_port(machine(index)).expect("a free port"))
        .collect();
    let mut now = Duration::ZERO;
    for (kind, argument, bytes) in steps {
        let index = usize::from(argument) % 3;
        let port = world.ports[index];
        let last = bytes.last().copied().unwrap_or_default();
        world.dice = last;
        let flow = world.flows.get(usize::from(argument) % REMEMBERED_FLOWS).copied();
        match (kind % 16, flow) {
            (0, _) => stack.frame_of_burst(now, port, &bytes, &mut world),
            (1, _) => {
                let mut frame = bytes;
                if let Some(source) = frame.get_mut(6..12) {
                    source.copy_from_slice(&machine(index).mac);
                }
                stack.frame_of_burst(now, port, &frame, &mut world);
            }
            (2..=4, _) => stack.frame_of_burst(now, port, &packet(index, false, last, &bytes), &mut world),
            (5..=7, _) => stack.frame_of_burst(now, port, &packet(index, true, last, &bytes), &mut world),
            (8, _) => {
                world.is_full[index] = !world.is_full[index];
                if !world.is_full[index] {
                    stack.port_writable(now, port, &mut world);
                }
            }
            (9, _) => {
                now += Duration::from_millis(u64::from(last) * 200);
                stack.poll(now, &mut world);
            }
            (10, Some((FlowTransport::Tcp, flow))) => stack.tcp_connected(now, flow, &mut world),
            (11, Some((FlowTransport::Tcp, flow))) => stack.tcp_failed(now, flow, ConnectFailure::Refused, &mut world),
            (12, Some((FlowTransport::Tcp, flow))) => stack.tcp_readable(now, flow, &mut world),
            (13, Some((FlowTransport::Tcp, flow))) => stack.tcp_writable(now, flow, &mut world),
            (10..=11, Some((FlowTransport::Udp, flow))) => stack.udp_received(now, flow, &bytes, &mut world),
            (12..=13, Some((FlowTransport::Udp, flow))) => stack.udp_refused(now, flow, &mut world),
            (10..=11, Some((FlowTransport::Echo, flow))) => stack.echo_received(now, flow, 1, &bytes, &mut world),
            (12..=13, Some((FlowTransport::Echo, flow))) => stack.echo_refused(now, flow, 1, &mut world),
            (14, _) => {
                let client = (last > 128).then(|| ([192, 0, 2, 9], 7000).into());
                let accepted = stack.udp_accepted(now, port, 80, last % 2 == 0, client, &bytes, &mut world);
                if let Some(flow) = accepted {
                    world.remember(FlowTransport::Udp, flow);
                }
                if let Some(flow) = stack.tcp_accepted(now, port, 80, last % 2 == 0, client, &mut world) {
                    world.remember(FlowTransport::Tcp, flow);
                }
            }
            (15, _) => {
                stack.remove_port(now, port, &mut world);
                world.ports[index] = stack.add_port(machine(index)).expect("a free port");
            }
            _ => {}
        }
        // Otherwise what follows is in the same burst.
        if kind < 128 {
            stack.end_burst(now, &mut world);
        }
        for port in &world.ports {
            let held = stack.held_bytes(*port).expect("a port that is there");
            assert!(held <= LIMITS.queued_bytes_per_port + LIMITS.reassembly_bytes_per_port);
            let flows = stack.flows().filter(|view| view.port == *port).count();
            assert!(flows <= LIMITS.tcp_flows_per_port + LIMITS.udp_flows_per_port + LIMITS.echo_flows_per_port);
        }
    }
});
