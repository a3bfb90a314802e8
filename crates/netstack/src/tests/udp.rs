//! UDP through the gateway.

use std::net::{IpAddr, SocketAddr};

use super::made::{seen, udp};
use super::{Asked, GATEWAY_MAC, Laboratory, machine, network};
use crate::{Destination, FlowDirection, FlowId, FlowTransport, Limits, NetworkParameters, Service};

const REMOTE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

fn send(laboratory: &mut Laboratory, to: &str, ports: (u16, u16), payload: &[u8]) {
    laboratory.send(&udp(2, GATEWAY_MAC, to.parse().unwrap(), ports, payload));
}

/// The flow of the only datagram that was asked to be sent.
#[track_caller]
fn sent(laboratory: &mut Laboratory) -> (FlowId, Destination, Vec<u8>) {
    match laboratory.outside.take_asked().as_slice() {
        [Asked::UdpSend(flow, to, payload)] => (*flow, *to, payload.clone()),
        asked => panic!("{asked:?}"),
    }
}

#[track_caller]
fn assert_udp(frame: &[u8], from: SocketAddr, to: SocketAddr, payload: &[u8]) {
    let seen = seen(frame);
    assert_eq!(seen.addresses.unwrap(), (from.ip(), to.ip()));
    assert_eq!(
        seen.payload[..4],
        [from.port().to_be_bytes(), to.port().to_be_bytes()].concat()
    );
    assert_eq!(&seen.payload[8..], payload);
}

fn own(remote: &str) -> IpAddr {
    let is_ipv4 = remote.parse::<IpAddr>().unwrap().is_ipv4();
    if is_ipv4 {
        machine(2, 1500).ipv4.into()
    } else {
        machine(2, 1500).ipv6.into()
    }
}

#[test]
fn datagrams_of_one_pair_of_ends_are_one_flow_with_answers() {
    for remote in REMOTE {
        let mut laboratory = Laboratory::new();
        let peer = SocketAddr::new(remote.parse().unwrap(), 2000);
        send(&mut laboratory, remote, (1000, 2000), b"question");
        let (flow, to, payload) = sent(&mut laboratory);
        assert_eq!(
            (to, payload.as_slice()),
            (Destination::Remote(peer), b"question".as_slice())
        );
        laboratory
            .stack
            .udp_received(laboratory.now, flow, b"answer", &mut laboratory.outside);
        assert_udp(
            &laboratory.only_answer(),
            peer,
            SocketAddr::new(own(remote), 1000),
            b"answer",
        );
        send(&mut laboratory, remote, (1000, 2000), b"again");
        assert_eq!(sent(&mut laboratory).0, flow);
        send(&mut laboratory, remote, (1001, 2000), b"another");
        assert_ne!(sent(&mut laboratory).0, flow);
        let view = laboratory
            .stack
            .flows()
            .find(|view| view.machine.port() == 1000)
            .unwrap();
        assert_eq!(
            (view.transport, view.direction, view.peer),
            (FlowTransport::Udp, FlowDirection::Outgoing, peer)
        );
        assert_eq!(view.state, "answered");
    }
}

#[test]
fn names_and_the_hosts_loopback_are_reached() {
    let mut laboratory = Laboratory::new();
    send(&mut laboratory, "10.9.0.1", (1000, 53), b"name?");
    assert_eq!(sent(&mut laboratory).1, Destination::Service(Service::Dns));
    send(&mut laboratory, "fd00:9::fe", (1000, 80), b"host?");
    assert_eq!(
        sent(&mut laboratory).1,
        Destination::HostLoopback {
            port: 80,
            is_ipv6: true
        }
    );
}

#[test]
fn refusals_are_told_with_the_packet_quoted() {
    // Where to, and type and code of the answer.
    let table = [
        ("10.9.0.1", [3, 3], "10.9.0.1"),
        ("10.9.0.77", [3, 1], "10.9.0.1"),
        ("169.254.169.254", [3, 13], "10.9.0.1"),
        ("127.0.0.1", [3, 13], "10.9.0.1"),
        ("fd00:9::1", [1, 4], "fd00:9::1"),
        ("fd00:9::77", [1, 3], "fd00:9::1"),
        ("::1", [1, 1], "fd00:9::1"),
        ("64:ff9b::7f00:1", [1, 1], "fd00:9::1"),
    ];
    for (to, answer, from) in table {
        let mut laboratory = Laboratory::new();
        let frame = udp(2, GATEWAY_MAC, to.parse().unwrap(), (1000, 80), b"hello");
        laboratory.send(&frame);
        let seen = seen(&laboratory.only_answer());
        assert_eq!(seen.payload[..2], answer, "{to}");
        assert_eq!(seen.addresses.unwrap().0, from.parse::<IpAddr>().unwrap());
        assert_eq!(seen.payload[8..], frame[14..]);
        laboratory.assert_silence();
    }
}

#[test]
fn an_internal_network_answers_names_only() {
    let mut laboratory = Laboratory::of(
        NetworkParameters {
            is_internal: true,
            ..network()
        },
        [1500; 3],
    );
    for to in ["192.0.2.1", "10.9.0.254", "2001:db8::1", "fd00:9::fe"] {
        send(&mut laboratory, to, (1000, 53), b"hello");
        let kind = seen(&laboratory.only_answer()).payload[..2].to_vec();
        assert!(kind == [3, 13] || kind == [1, 1], "{to}");
        laboratory.assert_silence();
    }
    send(&mut laboratory, "10.9.0.1", (1000, 53), b"name?");
    assert_eq!(sent(&mut laboratory).1, Destination::Service(Service::Dns));
}

#[test]
fn a_flow_whose_peer_refuses_is_told_so() {
    for remote in REMOTE {
        let mut laboratory = Laboratory::new();
        let frame = udp(2, GATEWAY_MAC, remote.parse().unwrap(), (1000, 2000), b"hello");
        laboratory.send(&frame);
        let (flow, _, _) = sent(&mut laboratory);
        laboratory
            .stack
            .udp_refused(laboratory.now, flow, &mut laboratory.outside);
        let answer = seen(&laboratory.only_answer());
        assert!(answer.payload[..2] == [3, 3] || answer.payload[..2] == [1, 4]);
        let quoted = if own(remote).is_ipv4() { 28 } else { 48 };
        assert_eq!(answer.payload[8..], frame[14..14 + quoted]);
    }
}

#[test]
fn flows_end_when_they_are_idle() {
    // To, whether there is an answer, and seconds.
    for (to, is_answered, seconds) in [
        (("192.0.2.1", 80), true, 120),
        (("192.0.2.1", 80), false, 30),
        (("10.9.0.1", 53), true, 10),
    ] {
        let mut laboratory = Laboratory::new();
        send(&mut laboratory, to.0, (1000, to.1), b"hello");
        let (flow, _, _) = sent(&mut laboratory);
        if is_answered {
            laboratory
                .stack
                .udp_received(laboratory.now, flow, b"answer", &mut laboratory.outside);
        }
        laboratory.poll_after(seconds - 1);
        assert_eq!(laboratory.outside.take_asked(), []);
        assert!(laboratory.stack.poll_at().is_some());
        laboratory.poll_after(1);
        assert_eq!(laboratory.outside.take_asked(), [Asked::UdpClose(flow)]);
        assert_eq!(laboratory.stack.poll_at(), None);
        assert_eq!(laboratory.stack.flows().count(), 0);
    }
}

#[test]
fn a_flow_in_use_does_not_end() {
    let mut laboratory = Laboratory::new();
    for _ in 0..10 {
        send(&mut laboratory, "192.0.2.1", (1000, 2000), b"hello");
        laboratory.poll_after(20);
    }
    let asked = laboratory.outside.take_asked();
    assert!(
        asked.iter().all(|asked| matches!(asked, Asked::UdpSend(..))),
        "{asked:?}"
    );
}

#[test]
fn at_the_limit_the_flow_goes_that_was_not_used_for_the_longest_time() {
    let limits = Limits {
        udp_flows_per_port: 2,
        ..Limits::default()
    };
    let mut laboratory = Laboratory::of(NetworkParameters { limits, ..network() }, [1500; 3]);
    send(&mut laboratory, "192.0.2.1", (1000, 1), b"");
    let (first, _, _) = sent(&mut laboratory);
    send(&mut laboratory, "192.0.2.1", (1000, 2), b"");
    let (second, _, _) = sent(&mut laboratory);
    laboratory
        .stack
        .udp_received(laboratory.now, first, b"", &mut laboratory.outside);
    send(&mut laboratory, "192.0.2.1", (1000, 3), b"");
    let asked = laboratory.outside.take_asked();
    assert_eq!(asked[0], Asked::UdpClose(second));
    assert_eq!(laboratory.stack.flows().count(), 2);
    // Other machines have room of their own.
    let frame = udp(3, GATEWAY_MAC, "192.0.2.1".parse().unwrap(), (1, 1), b"");
    laboratory
        .stack
        .frame(laboratory.now, laboratory.ports[1], &frame, &mut laboratory.outside);
    assert_eq!(laboratory.stack.flows().count(), 3);
}

#[test]
fn clients_of_a_published_port_are_seen_as_the_gateway_or_as_themselves() {
    for (client, is_ipv6, seen_as) in [
        (None, false, "10.9.0.1:49152"),
        (Some("127.0.0.1:7777"), false, "10.9.0.1:49152"),
        (Some("192.0.2.7:7777"), false, "192.0.2.7:7777"),
        (Some("192.0.2.7:7777"), true, "[fd00:9::1]:49152"),
        (Some("[2001:db8::7]:7777"), true, "[2001:db8::7]:7777"),
    ] {
        let mut laboratory = Laboratory::new();
        let client = client.map(|client| client.parse().unwrap());
        let peer: SocketAddr = seen_as.parse().unwrap();
        let (now, port) = (laboratory.now, laboratory.ports[0]);
        let outside = &mut laboratory.outside;
        let flow = laboratory
            .stack
            .udp_accepted(now, port, 80, is_ipv6, client, b"hello", outside)
            .unwrap();
        let to = SocketAddr::new(if is_ipv6 { own(REMOTE[1]) } else { own(REMOTE[0]) }, 80);
        assert_udp(&laboratory.only_answer(), peer, to, b"hello");
        laboratory.send(&udp(2, GATEWAY_MAC, peer.ip(), (80, peer.port()), b"answer"));
        assert_eq!(
            laboratory.outside.take_asked(),
            [Asked::UdpAnswer(flow, b"answer".to_vec())]
        );
        laboratory
            .stack
            .udp_received(now, flow, b"more", &mut laboratory.outside);
        assert_udp(&laboratory.only_answer(), peer, to, b"more");
        let view = laboratory.stack.flows().next().unwrap();
        assert_eq!(
            (view.direction, view.peer, view.machine),
            (FlowDirection::Incoming, peer, to)
        );
    }
}

#[test]
fn two_clients_are_two_ports_of_the_gateway() {
    let mut laboratory = Laboratory::new();
    let (now, port) = (laboratory.now, laboratory.ports[0]);
    let mut accept = || {
        laboratory
            .stack
            .udp_accepted(now, port, 80, false, None, b"", &mut laboratory.outside)
            .unwrap()
    };
    let (first, second) = (accept(), accept());
    assert_ne!(first, second);
    let ports: Vec<_> = laboratory
        .received(0)
        .iter()
        .map(|frame| seen(frame).payload[..2].to_vec())
        .collect();
    assert_ne!(ports[0], ports[1]);
}

#[test]
fn a_datagram_with_a_wrong_checksum_is_not_carried() {
    let mut laboratory = Laboratory::new();
    let mut frame = udp(2, GATEWAY_MAC, "192.0.2.1".parse().unwrap(), (1000, 2000), b"hello");
    *frame.last_mut().unwrap() ^= 1;
    laboratory.send(&frame);
    laboratory.assert_silence();
}

#[test]
fn flows_of_a_removed_port_end_and_late_answers_are_ignored() {
    let mut laboratory = Laboratory::new();
    send(&mut laboratory, "192.0.2.1", (1000, 2000), b"hello");
    let (flow, _, _) = sent(&mut laboratory);
    laboratory
        .stack
        .remove_port(laboratory.now, laboratory.ports[0], &mut laboratory.outside);
    assert_eq!(laboratory.outside.take_asked(), [Asked::UdpClose(flow)]);
    laboratory
        .stack
        .udp_received(laboratory.now, flow, b"late", &mut laboratory.outside);
    laboratory
        .stack
        .udp_refused(laboratory.now, flow, &mut laboratory.outside);
    laboratory.assert_silence();
}
