//! How connections begin, and how they do not.

use std::time::Duration;

use smoltcp::socket::tcp::State;
use smoltcp::wire::{
    Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, Icmpv6DstUnreachable, Icmpv6Message, Icmpv6Packet, IpProtocol,
    Ipv4Packet, Ipv6Packet, TcpPacket,
};

use super::machine::{IPV4, IPV6};
use super::network::{Dial, Network, PORT};
use crate::link::Link;
use crate::{Close, ConnectFailure, Destination, FlowDirection, FlowTransport, FlowView, Limits};

const SECOND: Duration = Duration::from_secs(1);

const PEERS: [&str; 2] = ["93.184.216.34:443", "[2001:db8::1]:443"];

#[test]
fn a_machine_is_connected_once_its_peer_is() {
    for peer in PEERS {
        let mut network = Network::new();
        network.dial = Dial::Hangs;
        let peer = peer.parse().unwrap();
        let program = network.machine.connect(peer, 40000);
        network.run(SECOND);
        let flow = network.world.last_flow();
        assert_eq!(network.world.peer(flow).to, Some(Destination::Remote(peer)));
        assert_eq!(network.machine.state(program), State::SynSent);
        network.flows.connected(network.now, flow, &mut network.world);
        assert!(network.run_until(SECOND, |network| network.machine.state(program) == State::Established));
        assert_eq!(network.world.peers.len(), 1);
    }
}

#[test]
fn a_flow_can_be_seen() {
    let mut network = Network::new();
    network.dial = Dial::Hangs;
    let peer = "93.184.216.34:443".parse().unwrap();
    network.machine.connect(peer, 40000);
    network.run(SECOND);
    let view = FlowView {
        transport: FlowTransport::Tcp,
        port: PORT,
        machine: (IPV4, 40000).into(),
        peer,
        direction: FlowDirection::Outgoing,
        state: "dialling",
    };
    assert_eq!(network.flows.views().collect::<Vec<_>>(), [view]);
    let flow = network.world.last_flow();
    network.flows.connected(network.now, flow, &mut network.world);
    let connecting = FlowView {
        state: "connecting",
        ..view
    };
    assert_eq!(network.flows.views().collect::<Vec<_>>(), [connecting]);
    network.run(SECOND);
    let established = FlowView {
        state: "established",
        ..view
    };
    assert_eq!(network.flows.views().collect::<Vec<_>>(), [established]);
}

#[test]
fn a_repeated_syn_dials_once_and_a_machine_that_gave_up_is_forgotten() {
    let mut network = Network::new();
    network.dial = Dial::Hangs;
    network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(100 * SECOND);
    assert_eq!(network.world.peers.len(), 1);
    network.machine.restart();
    network.run(40 * SECOND);
    let flow = network.world.last_flow();
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
}

#[test]
fn the_last_syn_of_a_machine_is_answered() {
    let mut network = Network::new();
    network.dial = Dial::Hangs;
    let peer = "93.184.216.34:443".parse().unwrap();
    network.machine.connect(peer, 40000);
    network.run(SECOND / 2);
    network.machine.restart();
    let program = network.machine.connect(peer, 40000);
    network.run(SECOND / 2);
    let flow = network.world.last_flow();
    network.flows.connected(network.now, flow, &mut network.world);
    network.run(SECOND / 2);
    assert_eq!(network.machine.state(program), State::Established);
    assert_eq!(network.world.peers.len(), 1);
}

#[test]
fn a_machine_that_resets_while_its_peer_is_dialled_stops_that() {
    let mut network = Network::new();
    network.dial = Dial::Hangs;
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND);
    network.machine.socket(program).abort();
    network.run(SECOND);
    let flow = network.world.last_flow();
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
    network.flows.connected(network.now, flow, &mut network.world);
    network
        .flows
        .failed(network.now, flow, ConnectFailure::Refused, &mut network.world);
    assert!(network.world.queue.is_empty());
}

#[test]
fn what_is_refused_or_prohibited_is_refused_in_the_machine() {
    for peer in PEERS {
        for why in [ConnectFailure::Refused, ConnectFailure::Prohibited] {
            for at_once in [false, true] {
                let mut network = Network::new();
                network.dial = Dial::Fails(why);
                network.to = at_once.then_some(Err(why));
                let program = network.machine.connect(peer.parse().unwrap(), 40000);
                network.run(SECOND / 2);
                assert_eq!(network.machine.state(program), State::Closed);
                assert_eq!(network.world.peers.len(), usize::from(!at_once));
                network.assert_empty();
            }
        }
    }
}

#[test]
fn what_is_unreachable_is_said_with_the_syn_quoted() {
    for (peer, is_ipv4) in PEERS.into_iter().zip([true, false]) {
        let mut network = Network::new();
        network.dial = Dial::Hangs;
        network.machine.connect(peer.parse().unwrap(), 40000);
        network.run(SECOND / 2);
        let flow = network.world.last_flow();
        network
            .flows
            .failed(network.now, flow, ConnectFailure::Unreachable, &mut network.world);
        network.dial = Dial::Fails(ConnectFailure::Unreachable);
        network.assert_empty();
        let message = network.world.queue.pop_back().unwrap();
        let quote = if is_ipv4 {
            let ip = Ipv4Packet::new_checked(&message[..]).unwrap();
            assert!(ip.verify_checksum());
            assert_eq!((ip.next_header(), ip.dst_addr()), (IpProtocol::Icmp, IPV4));
            let icmp = Icmpv4Packet::new_checked(ip.payload()).unwrap();
            assert!(icmp.verify_checksum());
            assert_eq!(icmp.msg_type(), Icmpv4Message::DstUnreachable);
            assert_eq!(icmp.msg_code(), u8::from(Icmpv4DstUnreachable::HostUnreachable));
            &message[28 + 20..]
        } else {
            let ip = Ipv6Packet::new_checked(&message[..]).unwrap();
            assert_eq!((ip.next_header(), ip.dst_addr()), (IpProtocol::Icmpv6, IPV6));
            let icmp = Icmpv6Packet::new_checked(ip.payload()).unwrap();
            assert!(icmp.verify_checksum(&ip.src_addr(), &ip.dst_addr()));
            assert_eq!(icmp.msg_type(), Icmpv6Message::DstUnreachable);
            assert_eq!(icmp.msg_code(), u8::from(Icmpv6DstUnreachable::AddrUnreachable));
            &message[48 + 40..]
        };
        let syn = TcpPacket::new_checked(quote).unwrap();
        assert!(syn.syn());
        assert_eq!((syn.src_port(), syn.dst_port()), (40000, 443));
    }
}

#[test]
fn a_peer_that_does_not_answer_is_dialled_again_for_the_next_syn() {
    let mut network = Network::new();
    network.dial = Dial::Fails(ConnectFailure::TimedOut);
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND / 2);
    assert_eq!(network.machine.state(program), State::SynSent);
    network.assert_empty();
    network.dial = Dial::Connects;
    network.run(2 * SECOND);
    assert_eq!(network.machine.state(program), State::Established);
}

#[test]
fn segments_of_no_flow_are_reset_and_resets_are_not_answered() {
    for peer in PEERS {
        let mut network = Network::new();
        let program = network.machine.connect(peer.parse().unwrap(), 40000);
        network.run(SECOND);
        // As after the network's process was started again.
        network.flows = super::super::TcpFlows::new(&Limits::default(), 2);
        network.machine.programs[program].to_send = 100;
        network.run(SECOND);
        assert_eq!(network.machine.state(program), State::Closed);

        let program = network.machine.connect(peer.parse().unwrap(), 40001);
        network.run(SECOND);
        network.flows = super::super::TcpFlows::new(&Limits::default(), 3);
        network.machine.socket(program).abort();
        network.run(SECOND);
        assert!(network.machine.card.received.is_empty() && network.world.queue.is_empty());
    }
}

#[test]
fn a_client_that_was_accepted_reaches_the_machine() {
    for is_ipv6 in [false, true] {
        let mut network = Network::new();
        let program = network.machine.listen(80);
        let flow = network.accept(is_ipv6).unwrap();
        assert!(network.run_until(SECOND, |network| network.machine.state(program) == State::Established));
        let view = network.flows.views().next().unwrap();
        assert_eq!(view.direction, FlowDirection::Incoming);
        assert_eq!(view.peer.ip().to_string(), if is_ipv6 { "fd00::1" } else { "10.1.0.1" });
        assert!(view.peer.port() >= 16384);
        network.world.peer(flow).to_send = 1000;
        network.wake(flow);
        network.run(SECOND);
        assert_eq!(network.machine.programs[program].received, 1000);
    }
}

#[test]
fn a_client_has_the_port_that_it_is_said_to_have() {
    let mut network = Network::new();
    let (machine, peer) = ((IPV4, 80).into(), "203.0.113.9:1234".parse().unwrap());
    let accept = |network: &mut Network| {
        let (now, port) = (network.now, network.port);
        network.flows.accepted(now, &port, machine, peer, &mut network.world)
    };
    assert!(accept(&mut network).is_some());
    assert_eq!(network.flows.views().next().unwrap().peer, peer);
    assert_eq!(accept(&mut network), None, "taken");
}

#[test]
fn ephemeral_ports_in_use_are_skipped() {
    let mut network = Network::new();
    for _ in 0..100 {
        network.accept(false).unwrap();
    }
    let mut ports: Vec<u16> = network.flows.views().map(|view| view.peer.port()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 100);
}

#[test]
fn a_client_of_a_port_that_nobody_listens_on_is_reset() {
    let mut network = Network::new();
    let flow = network.accept(false).unwrap();
    network.run(SECOND);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
}

#[test]
fn nothing_is_read_from_a_client_until_the_machine_answers_and_it_has_a_minute() {
    let mut network = Network::new();
    network.weather.lost = 1000;
    let flow = network.accept(false).unwrap();
    network.world.peer(flow).to_send = 1000;
    network.wake(flow);
    network.run(59 * SECOND);
    assert_eq!(network.world.peer(flow).sent, 0);
    assert_eq!(network.world.peer(flow).close, None);
    network.run(2 * SECOND);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
}

#[test]
fn flows_are_limited() {
    let limits = Limits {
        tcp_flows_per_port: 3,
        ..Limits::default()
    };
    let mut network = Network::with(1500, limits, 1);
    let programs: Vec<usize> = (0..4)
        .map(|at| {
            network
                .machine
                .connect("93.184.216.34:443".parse().unwrap(), 40000 + at)
        })
        .collect();
    network.run(SECOND / 2);
    assert_eq!(network.flows.views().count(), 3);
    assert_eq!(network.accept(false), None);
    let connected = |network: &mut Network, state| {
        programs
            .iter()
            .filter(|&&program| network.machine.state(program) == state)
            .count()
    };
    assert_eq!(connected(&mut network, State::Established), 3);
    assert_eq!(connected(&mut network, State::SynSent), 1);
    // When one goes, the one that waits is let in by its next SYN.
    let goes = programs
        .iter()
        .find(|&&program| network.machine.state(program) == State::Established);
    network.machine.socket(*goes.unwrap()).abort();
    network.run(5 * SECOND);
    assert_eq!(connected(&mut network, State::Established), 3);
    assert_eq!(connected(&mut network, State::SynSent), 0);
}

#[test]
fn dialling_flows_are_limited() {
    let mut network = Network::new();
    network.dial = Dial::Hangs;
    network.machine.ring_bytes = 16;
    for port in 0..1100 {
        network
            .machine
            .connect("93.184.216.34:443".parse().unwrap(), 20000 + port);
    }
    network.run(SECOND / 2);
    assert_eq!(network.flows.views().count(), 1024);
    assert_eq!(network.world.peers.len(), 1024);
}

#[test]
fn a_port_without_bytes_for_rings_has_no_connections() {
    let limits = Limits {
        tcp_buffer_bytes_per_port: 0,
        ..Limits::default()
    };
    let mut network = Network::with(1500, limits, 1);
    assert_eq!(network.accept(false), None);
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND / 2);
    assert_eq!(network.machine.state(program), State::SynSent);
    network.assert_empty();
}

#[test]
fn a_forgotten_port_leaves_nothing() {
    let mut network = Network::new();
    network.machine.listen(80);
    network.accept(false).unwrap();
    network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND);
    network.dial = Dial::Hangs;
    network.machine.connect("93.184.216.34:443".parse().unwrap(), 40001);
    network.run(SECOND);
    assert_eq!(network.flows.views().count(), 3);
    network.flows.forget_port(network.now, PORT, &mut network.world);
    network.assert_empty();
    assert!(network.flows.ports.is_empty());
    assert!(
        network
            .world
            .peers
            .values()
            .all(|peer| peer.close == Some(Close::Reset))
    );
    assert!(network.world.queue.is_empty());
    assert!(network.world.is_open(PORT));
}
