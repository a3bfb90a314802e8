//! Fragments to the gateway and from it.

use super::made::{seen, udp};
use super::{Asked, GATEWAY_MAC, Laboratory, machine};
use crate::fragmentation::{cut_ipv4, cut_ipv6};
use crate::packet::Header;

const REMOTE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number / 7) as u8).collect()
}

/// A datagram of machine 2 as fragments in frames to `mac`.
fn fragments(mac: [u8; 6], to: &str, payload: &[u8]) -> Vec<Vec<u8>> {
    let frame = udp(2, mac, to.parse().unwrap(), (1000, 2000), payload);
    let own = machine(2, 1500);
    let pieces = match to.parse().unwrap() {
        std::net::IpAddr::V4(_) => cut_ipv4(&frame[14..], 1500),
        std::net::IpAddr::V6(to) => cut_ipv6(&Header::new(own.ipv6.into(), to.into(), 17), 9, &frame[54..], 1500),
    };
    pieces.iter().map(|piece| [&frame[..14], piece].concat()).collect()
}

#[test]
fn fragments_are_put_together_for_the_gateway_in_any_order() {
    for remote in REMOTE {
        let payload = payload(20_000);
        let mut frames = fragments(GATEWAY_MAC, remote, &payload);
        for rotation in [0, 3, 7] {
            frames.rotate_left(rotation);
            let mut laboratory = Laboratory::new();
            for frame in &frames {
                laboratory.send(frame);
                laboratory.send(frame);
            }
            let asked = laboratory.outside.take_asked();
            assert!(
                matches!(asked.as_slice(), [Asked::UdpSend(_, _, sent)] if *sent == payload),
                "{remote}"
            );
            assert!(laboratory.stack.held_bytes(laboratory.ports[0]).unwrap() <= 2000);
        }
    }
}

#[test]
fn fragments_that_overlap_discard_their_datagram() {
    for remote in REMOTE {
        let frames = fragments(GATEWAY_MAC, remote, &payload(4000));
        let mut laboratory = Laboratory::new();
        // The second fragment, moved back by eight bytes.
        let mut overlapping = frames[1].clone();
        let at = if remote.contains(':') { 14 + 40 + 3 } else { 14 + 7 };
        overlapping[at] -= if remote.contains(':') { 8 } else { 1 };
        if !remote.contains(':') {
            let header = etherparse::Ipv4Header::from_slice(&overlapping[14..]).unwrap().0;
            overlapping[24..26].copy_from_slice(&header.calc_header_checksum().to_be_bytes());
        }
        for frame in [&frames[0], &overlapping, &frames[1], &frames[2]] {
            laboratory.send(frame);
        }
        laboratory.assert_silence();
    }
}

#[test]
fn fragments_are_forgotten_after_a_while() {
    let mut laboratory = Laboratory::new();
    let frames = fragments(GATEWAY_MAC, REMOTE[0], &payload(4000));
    laboratory.send(&frames[0]);
    laboratory.send(&frames[1]);
    assert!(laboratory.stack.held_bytes(laboratory.ports[0]).unwrap() > 2900);
    laboratory.poll_after(30);
    assert_eq!(laboratory.stack.held_bytes(laboratory.ports[0]), Some(0));
    laboratory.send(&frames[2]);
    laboratory.assert_silence();
}

#[test]
fn fragments_between_machines_are_forwarded_as_they_are() {
    let mut laboratory = Laboratory::new();
    for to in ["10.9.0.3", "fd00:9::3"] {
        let frames = fragments(machine(3, 1500).mac, to, &payload(4000));
        for frame in &frames {
            laboratory.send(frame);
        }
        assert_eq!(laboratory.received(1), frames);
        laboratory.assert_silence();
    }
}

#[test]
fn a_datagram_larger_than_the_mtu_comes_in_fragments() {
    for remote in REMOTE {
        let mut laboratory = Laboratory::new();
        laboratory.send(&udp(2, GATEWAY_MAC, remote.parse().unwrap(), (1000, 2000), b"hello"));
        let [Asked::UdpSend(flow, _, _)] = laboratory.outside.take_asked()[..] else {
            panic!("no flow")
        };
        let payload = payload(65_507 - 8);
        laboratory
            .stack
            .udp_received(laboratory.now, flow, &payload, &mut laboratory.outside);
        let mut whole = Vec::new();
        for frame in laboratory.received(0) {
            let seen = seen(&frame);
            assert!(frame.len() <= 1514 && seen.is_fragment);
            whole.extend(seen.payload);
        }
        assert_eq!(whole[8..], payload, "{remote}");
        laboratory
            .stack
            .udp_received(laboratory.now, flow, &vec![0; 70_000], &mut laboratory.outside);
        laboratory.assert_silence();
    }
}
