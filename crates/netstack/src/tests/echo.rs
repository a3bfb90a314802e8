//! Echoes to the gateway and through it.

use super::made::{echo_request, seen};
use super::{Asked, GATEWAY_MAC, Laboratory, machine, network};
use crate::{FlowId, Limits, NetworkParameters};

fn ask(laboratory: &mut Laboratory, to: &str, hop_limit: u8) -> Vec<u8> {
    let frame = echo_request(2, GATEWAY_MAC, to.parse().unwrap(), hop_limit, b"payload");
    laboratory.send(&frame);
    frame
}

#[track_caller]
fn sent(laboratory: &mut Laboratory) -> FlowId {
    match laboratory.outside.take_asked().as_slice() {
        [Asked::EchoSend(flow, _, 5, payload)] if payload == b"payload" => *flow,
        asked => panic!("{asked:?}"),
    }
}

#[test]
fn the_gateway_answers_echoes_to_its_addresses() {
    let mut laboratory = Laboratory::new();
    for to in ["10.9.0.1", "10.9.0.254", "fd00:9::1", "fd00:9::fe"] {
        let frame = ask(&mut laboratory, to, 1);
        let answer = seen(&laboratory.only_answer());
        assert_eq!(answer.addresses.unwrap().0, to.parse::<std::net::IpAddr>().unwrap());
        assert!(matches!(answer.payload[0], 0 | 129));
        let header_bytes = if answer.addresses.unwrap().0.is_ipv4() { 20 } else { 40 };
        assert_eq!(answer.payload[4..], frame[14 + header_bytes + 4..]);
    }
}

#[test]
fn echoes_to_the_outside_come_back_with_the_machines_identifier() {
    for to in ["192.0.2.1", "2001:db8::1"] {
        let mut laboratory = Laboratory::new();
        ask(&mut laboratory, to, 64);
        let flow = sent(&mut laboratory);
        ask(&mut laboratory, to, 64);
        assert_eq!(sent(&mut laboratory), flow);
        laboratory
            .stack
            .echo_received(laboratory.now, flow, 5, b"payload", &mut laboratory.outside);
        let answer = seen(&laboratory.only_answer());
        assert_eq!(answer.addresses.unwrap().0, to.parse::<std::net::IpAddr>().unwrap());
        assert!(matches!(answer.payload[0], 0 | 129));
        assert_eq!(answer.payload[4..8], [0, 77, 0, 5]);
        assert_eq!(&answer.payload[8..], b"payload");
        laboratory.poll_after(30);
        assert_eq!(laboratory.outside.take_asked(), [Asked::EchoClose(flow)]);
    }
}

#[test]
fn a_host_that_sends_no_echoes_is_told_of() {
    for to in ["192.0.2.1", "2001:db8::1"] {
        let mut laboratory = Laboratory::new();
        let frame = ask(&mut laboratory, to, 64);
        let flow = sent(&mut laboratory);
        laboratory
            .stack
            .echo_refused(laboratory.now, flow, 5, &mut laboratory.outside);
        let answer = seen(&laboratory.only_answer());
        let (kind, header_bytes) = if answer.addresses.unwrap().0.is_ipv4() {
            ([3, 13], 20)
        } else {
            ([1, 1], 40)
        };
        assert_eq!(answer.payload[..2], kind);
        assert_eq!(answer.payload[8 + header_bytes..], frame[14 + header_bytes..][..8]);
    }
}

#[test]
fn a_request_that_has_passed_too_many_routers_is_told_of() {
    for (to, kind) in [("192.0.2.1", 11), ("2001:db8::1", 3)] {
        let mut laboratory = Laboratory::new();
        let frame = ask(&mut laboratory, to, 1);
        let answer = seen(&laboratory.only_answer());
        assert_eq!(answer.payload[..2], [kind, 0]);
        assert_eq!(answer.payload[8..], frame[14..]);
        laboratory.assert_silence();
    }
}

#[test]
fn forbidden_destinations_of_echoes_are_told_of() {
    for (to, kind) in [
        ("127.0.0.1", [3, 13]),
        ("169.254.169.254", [3, 13]),
        ("10.9.0.77", [3, 1]),
        ("::1", [1, 1]),
        ("fd00:9::77", [1, 3]),
    ] {
        let mut laboratory = Laboratory::new();
        ask(&mut laboratory, to, 64);
        assert_eq!(seen(&laboratory.only_answer()).payload[..2], kind, "{to}");
        laboratory.assert_silence();
    }
    let mut laboratory = Laboratory::of(
        NetworkParameters {
            is_internal: true,
            ..network()
        },
        [1500; 3],
    );
    for to in ["192.0.2.1", "10.9.0.254"] {
        ask(&mut laboratory, to, 64);
        assert_eq!(seen(&laboratory.only_answer()).payload[..2], [3, 13]);
    }
    laboratory.assert_silence();
}

#[test]
fn at_the_limit_the_oldest_flow_of_echoes_goes() {
    let limits = Limits {
        echo_flows_per_port: 1,
        ..Limits::default()
    };
    let mut laboratory = Laboratory::of(NetworkParameters { limits, ..network() }, [1500; 3]);
    ask(&mut laboratory, "192.0.2.1", 64);
    let flow = sent(&mut laboratory);
    ask(&mut laboratory, "192.0.2.2", 64);
    assert_eq!(laboratory.outside.take_asked()[0], Asked::EchoClose(flow));
    assert_eq!(laboratory.stack.flows().count(), 1);
}

#[test]
fn machines_answer_each_others_echoes_themselves() {
    let mut laboratory = Laboratory::new();
    let frame = echo_request(2, machine(3, 1500).mac, machine(3, 1500).ipv6.into(), 64, b"payload");
    laboratory.send(&frame);
    assert_eq!(laboratory.received(1), [frame]);
    laboratory.assert_silence();
}
