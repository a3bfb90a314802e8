//! Frames from one machine to others.

use super::made::{echo_request, seen, udp};
use super::{GATEWAY_MAC, Laboratory, machine, network};
use crate::{PortError, PortParameters};

#[test]
fn a_frame_goes_to_the_machine_that_it_is_for_and_to_no_other() {
    let mut laboratory = Laboratory::new();
    for to in [machine(3, 1500).ipv4.into(), machine(3, 1500).ipv6.into()] {
        let frame = udp(2, machine(3, 1500).mac, to, (1000, 2000), b"hello");
        laboratory.send(&frame);
        assert_eq!(laboratory.received(1), [frame]);
        laboratory.assert_silence();
    }
    let counters = laboratory.stack.counters(laboratory.ports[1]).unwrap();
    assert_eq!((counters.received_packets, counters.received_dropped), (2, 0));
    assert_eq!(laboratory.stack.counters(laboratory.ports[0]).unwrap().sent_packets, 2);
}

#[test]
fn what_pads_a_frame_is_not_forwarded() {
    let mut laboratory = Laboratory::new();
    let frame = udp(
        2,
        machine(3, 1500).mac,
        machine(3, 1500).ipv4.into(),
        (1000, 2000),
        b"x",
    );
    let padded = [frame.as_slice(), &[0xaa; 17]].concat();
    laboratory.send(&padded);
    assert_eq!(laboratory.received(1), [frame]);
}

#[test]
fn what_is_for_a_group_goes_to_all_others() {
    let mut laboratory = Laboratory::new();
    let groups = [
        ([0xff; 6], "255.255.255.255"),
        ([0xff; 6], "10.9.0.255"),
        ([1, 0, 0x5e, 0, 0, 0xfb], "224.0.0.251"),
        ([0x33, 0x33, 0, 0, 0, 0xfb], "ff02::fb"),
    ];
    for (mac, address) in groups {
        let frame = udp(2, mac, address.parse().unwrap(), (5353, 5353), b"who?");
        laboratory.send(&frame);
        let frames = [frame];
        assert_eq!(laboratory.received(1), frames, "{address}");
        assert_eq!(laboratory.received(2), frames);
        laboratory.assert_silence();
    }
}

#[test]
fn what_is_for_one_address_is_not_sent_to_a_group() {
    let mut laboratory = Laboratory::new();
    laboratory.send(&udp(2, [0xff; 6], machine(3, 1500).ipv4.into(), (1000, 2000), b"hello"));
    laboratory.assert_silence();
    assert_eq!(laboratory.stack.counters(laboratory.ports[0]).unwrap().sent_dropped, 1);
}

#[test]
fn a_packet_for_a_machine_is_forwarded_by_the_gateway_too() {
    let mut laboratory = Laboratory::new();
    laboratory.send(&udp(
        2,
        GATEWAY_MAC,
        machine(4, 1500).ipv4.into(),
        (1000, 2000),
        b"hello",
    ));
    let frames = laboratory.received(2);
    let seen = seen(&frames[0]);
    assert_eq!(
        (seen.source_mac, seen.destination_mac),
        (GATEWAY_MAC, machine(4, 1500).mac)
    );
    assert_eq!(seen.addresses.unwrap().1, machine(4, 1500).ipv4);
    laboratory.assert_silence();
}

#[test]
fn a_packet_that_may_be_cut_is_cut_to_the_smaller_mtu() {
    let mut laboratory = Laboratory::of(network(), [9000, 1500, 1500]);
    let payload: Vec<u8> = (0..6000_u32).map(|number| number as u8).collect();
    let mut frame = udp(
        2,
        machine(3, 1500).mac,
        machine(3, 1500).ipv4.into(),
        (1000, 2000),
        &payload,
    );
    allow_cutting(&mut frame);
    laboratory.send(&frame);
    let frames = laboratory.received(1);
    assert_eq!(frames.len(), 5);
    let mut whole = Vec::new();
    for frame in &frames {
        let seen = seen(frame);
        assert!(frame.len() <= 14 + 1500 && seen.is_fragment);
        assert_eq!(seen.source_mac, machine(2, 1500).mac);
        whole.extend(seen.payload);
    }
    assert_eq!(whole, frame[34..]);
    laboratory.assert_silence();
}

#[test]
fn a_packet_that_must_not_be_cut_is_answered_with_the_smaller_mtu() {
    let mut laboratory = Laboratory::of(network(), [9000, 1500, 1400]);
    let frame = echo_request(2, machine(4, 1500).mac, machine(4, 1500).ipv4.into(), 64, &[0; 2000]);
    laboratory.send(&frame);
    let answer = seen(&laboratory.only_answer());
    assert_eq!(
        answer.payload[..8],
        [3, 4, answer.payload[2], answer.payload[3], 0, 0, 0x05, 0x78]
    );
    assert_eq!(answer.payload[8..28], frame[14..34]);
    let frame = echo_request(2, machine(4, 1500).mac, machine(4, 1500).ipv6.into(), 64, &[0; 2000]);
    laboratory.send(&frame);
    let answer = seen(&laboratory.only_answer());
    assert_eq!(answer.payload[..2], [2, 0]);
    assert_eq!(answer.payload[4..8], [0, 0, 0x05, 0x78]);
    assert_eq!(answer.payload[8..48], frame[14..54]);
}

#[test]
fn a_port_is_not_added_with_addresses_that_are_taken_or_foreign() {
    let mut laboratory = Laboratory::new();
    let free = machine(9, 1500);
    let mut error = |parameters| laboratory.stack.add_port(parameters).unwrap_err();
    assert_eq!(
        error(PortParameters {
            mac: machine(2, 1500).mac,
            ..free
        }),
        PortError::MacTaken
    );
    assert_eq!(
        error(PortParameters {
            mac: GATEWAY_MAC,
            ..free
        }),
        PortError::MacTaken
    );
    assert_eq!(
        error(PortParameters {
            mac: [3, 0, 0, 0, 0, 1],
            ..free
        }),
        PortError::MacNotUnicast
    );
    for taken in ["10.9.0.1", "10.9.0.254", "10.9.0.3"] {
        let ipv4 = taken.parse().unwrap();
        assert_eq!(error(PortParameters { ipv4, ..free }), PortError::Ipv4Taken(ipv4));
    }
    for foreign in ["10.9.1.9", "10.9.0.0", "10.9.0.255"] {
        let ipv4 = foreign.parse().unwrap();
        assert_eq!(error(PortParameters { ipv4, ..free }), PortError::Ipv4NotOfSubnet(ipv4));
    }
    for taken in ["fd00:9::1", "fd00:9::fe", "fd00:9::3"] {
        let ipv6 = taken.parse().unwrap();
        assert_eq!(error(PortParameters { ipv6, ..free }), PortError::Ipv6Taken(ipv6));
    }
    let ipv6 = "fd00:a::9".parse().unwrap();
    assert_eq!(error(PortParameters { ipv6, ..free }), PortError::Ipv6NotOfSubnet(ipv6));
    assert_eq!(
        error(PortParameters {
            mtu_bytes: 1279,
            ..free
        }),
        PortError::MtuTooSmall(1279)
    );
    assert!(laboratory.stack.add_port(free).is_ok());
}

#[test]
fn addresses_of_a_removed_port_are_free_again() {
    let mut laboratory = Laboratory::new();
    let port = laboratory.ports[1];
    laboratory
        .stack
        .remove_port(laboratory.now, port, &mut laboratory.outside);
    laboratory.send(&udp(2, machine(3, 1500).mac, machine(3, 1500).ipv4.into(), (1, 2), b""));
    laboratory.assert_silence();
    assert_eq!(laboratory.stack.counters(port), None);
    assert_ne!(laboratory.stack.add_port(machine(3, 1500)).unwrap(), port);
}

/// Clears "do not fragment" in an IPv4 header without options and sets the checksum right.
fn allow_cutting(frame: &mut [u8]) {
    let mut header = etherparse::Ipv4Header::from_slice(&frame[14..]).unwrap().0;
    header.dont_fragment = false;
    header.header_checksum = header.calc_header_checksum();
    frame[14..34].copy_from_slice(&header.to_bytes());
}
