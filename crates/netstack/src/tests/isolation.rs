//! What a machine cannot do to others.

use std::net::Ipv4Addr;

use etherparse::PacketBuilder;

use super::made::{arp, icmpv6, udp};
use super::{GATEWAY_MAC, Laboratory, machine};

/// Machine 2 sends a frame that is dropped, and that nobody hears of.
#[track_caller]
fn assert_dropped(frame: &[u8]) {
    let mut laboratory = Laboratory::new();
    laboratory.send(frame);
    laboratory.assert_silence();
    let counters = laboratory.stack.counters(laboratory.ports[0]).unwrap();
    assert_eq!((counters.sent_packets, counters.sent_dropped), (1, 1));
}

fn udp_from(mac: [u8; 6], from: Ipv4Addr, to_mac: [u8; 6]) -> Vec<u8> {
    let mut frame = Vec::new();
    let builder = PacketBuilder::ethernet2(mac, to_mac).ipv4(from.octets(), [10, 9, 0, 3], 64);
    builder.udp(1, 2).write(&mut frame, b"spoofed").unwrap();
    frame
}

#[test]
fn a_frame_from_another_mac_address_is_dropped() {
    for mac in [machine(4, 1500).mac, GATEWAY_MAC, [2, 7, 7, 7, 7, 7]] {
        assert_dropped(&udp_from(mac, machine(2, 1500).ipv4, machine(3, 1500).mac));
    }
}

#[test]
fn a_packet_from_another_ipv4_address_is_dropped() {
    for from in [
        "10.9.0.4",
        "10.9.0.1",
        "10.9.0.254",
        "0.0.0.0",
        "255.255.255.255",
        "127.0.0.1",
        "192.0.2.1",
    ] {
        for to in [machine(3, 1500).mac, GATEWAY_MAC, [0xff; 6]] {
            assert_dropped(&udp_from(machine(2, 1500).mac, from.parse().unwrap(), to));
        }
    }
}

#[test]
fn a_packet_from_another_ipv6_address_is_dropped() {
    // The last one follows from machine 4's MAC address.
    for from in [
        "fd00:9::4",
        "fd00:9::1",
        "::",
        "::1",
        "2001:db8::1",
        "fe80::9ff:fe00:1",
        "fe80::9ff:fe00:104",
    ] {
        let from: std::net::Ipv6Addr = from.parse().unwrap();
        let mut frame = Vec::new();
        PacketBuilder::ethernet2(machine(2, 1500).mac, machine(3, 1500).mac)
            .ipv6(from.octets(), machine(3, 1500).ipv6.octets(), 64)
            .udp(1, 2)
            .write(&mut frame, b"spoofed")
            .unwrap();
        assert_dropped(&frame);
    }
}

#[test]
fn a_link_local_address_is_that_of_the_machine_that_used_it_first() {
    let mut laboratory = Laboratory::new();
    let from = |number: u8, to: u8| {
        let (sender, receiver) = (machine(number, 1500), machine(to, 1500));
        icmpv6(
            sender.mac,
            receiver.mac,
            "fe80::abcd",
            &receiver.ipv6.to_string(),
            [128, 0],
            &[0, 1, 0, 1, 9],
        )
    };
    laboratory.send(&from(2, 3));
    assert_eq!(laboratory.received(1).len(), 1);
    laboratory.stack.frame(
        laboratory.now,
        laboratory.ports[2],
        &from(4, 3),
        &mut laboratory.outside,
    );
    laboratory.assert_silence();
    laboratory.send(&from(2, 3));
    assert_eq!(laboratory.received(1).len(), 1);
}

#[test]
fn a_machine_has_few_link_local_addresses() {
    let mut laboratory = Laboratory::new();
    let mac = machine(2, 1500).mac;
    for number in 0..100 {
        let from = format!("fe80::1:{number}");
        laboratory.send(&icmpv6(
            mac,
            machine(3, 1500).mac,
            &from,
            "fd00:9::3",
            [128, 0],
            &[0, 1, 0, 1],
        ));
    }
    assert_eq!(laboratory.received(1).len(), 4);
}

#[test]
fn an_arp_packet_that_claims_another_address_is_dropped() {
    let own = machine(2, 1500);
    for (mac, address) in [
        (own.mac, machine(3, 1500).ipv4),
        (own.mac, [10, 9, 0, 1].into()),
        (GATEWAY_MAC, own.ipv4),
    ] {
        for operation in [1, 2] {
            assert_dropped(&arp(own.mac, operation, (mac, address), machine(4, 1500).ipv4));
        }
    }
}

#[test]
fn a_neighbour_advertisement_of_another_address_is_dropped() {
    for target in ["fd00:9::1", "fd00:9::3", "fe80::9ff:fe00:1", "fe80::9ff:fe00:103"] {
        let target: std::net::Ipv6Addr = target.parse().unwrap();
        let body = [
            &[0x20, 0, 0, 0],
            target.octets().as_slice(),
            &[2, 1],
            &machine(2, 1500).mac,
        ]
        .concat();
        for (mac, to) in [
            ([0x33, 0x33, 0, 0, 0, 1], "ff02::1"),
            (machine(3, 1500).mac, "fd00:9::3"),
        ] {
            assert_dropped(&icmpv6(machine(2, 1500).mac, mac, "fd00:9::2", to, [136, 0], &body));
        }
    }
}

#[test]
fn router_advertisements_and_redirects_are_dropped() {
    for (kind, body) in [(134, vec![64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]), (137, vec![0; 36])] {
        let to = [0x33, 0x33, 0, 0, 0, 1];
        assert_dropped(&icmpv6(
            machine(2, 1500).mac,
            to,
            "fe80::9ff:fe00:102",
            "ff02::1",
            [kind, 0],
            &body,
        ));
    }
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(machine(2, 1500).mac, machine(3, 1500).mac)
        .ipv4([10, 9, 0, 2], [10, 9, 0, 3], 64)
        .icmpv4_raw(5, 1, [10, 9, 0, 2])
        .write(&mut frame, &[0; 28])
        .unwrap();
    assert_dropped(&frame);
}

#[test]
fn neighbour_discovery_does_not_hide_behind_extension_headers() {
    let target = machine(3, 1500).ipv6.octets();
    let body = [&[0x20, 0, 0, 0], target.as_slice(), &[2, 1], &machine(2, 1500).mac].concat();
    let plain = icmpv6(
        machine(2, 1500).mac,
        machine(3, 1500).mac,
        "fd00:9::2",
        "fd00:9::3",
        [136, 0],
        &body,
    );
    // Destination options with padding, and a first fragment.
    for (next, extension) in [(60, [58, 0, 1, 4, 0, 0, 0, 0]), (44, [58, 0, 0, 1, 0, 0, 0, 7])] {
        let mut frame = plain.clone();
        frame[20] = next;
        frame[19] += 8;
        frame.splice(54..54, extension);
        assert_dropped(&frame);
    }
    // A first fragment that ends before it.
    let mut frame = plain;
    frame[20] = 44;
    frame[19] = 16;
    frame.truncate(54);
    frame.extend([60, 0, 0, 1, 0, 0, 0, 7, 58, 0, 1, 4, 0, 0, 0, 0]);
    assert_dropped(&frame);
}

#[test]
fn other_kinds_of_frames_are_dropped() {
    let frame = udp(2, machine(3, 1500).mac, machine(3, 1500).ipv4.into(), (1, 2), b"tagged");
    let mut tagged = frame.clone();
    tagged.splice(12..12, [0x81, 0, 0, 5]);
    assert_dropped(&tagged);
    let mut unknown = frame.clone();
    unknown[12..14].copy_from_slice(&[0x88, 0xcc]);
    assert_dropped(&unknown);
    let mut corrupt = frame;
    corrupt[24] ^= 1;
    assert_dropped(&corrupt);
    assert_dropped(&[]);
    assert_dropped(&[0; 13]);
    assert_dropped(&udp(
        2,
        [2, 5, 5, 5, 5, 5],
        machine(3, 1500).ipv4.into(),
        (1, 2),
        b"to nobody",
    ));
}
