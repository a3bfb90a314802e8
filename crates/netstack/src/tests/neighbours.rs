//! ARP, neighbour discovery and router solicitation.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::made::{arp, icmpv6, seen};
use super::{GATEWAY_MAC, Laboratory, machine, network};
use crate::NetworkParameters;

fn ask_arp(laboratory: &mut Laboratory, sender: Ipv4Addr, target: Ipv4Addr) {
    let mac = machine(2, 1500).mac;
    laboratory.send(&arp(mac, 1, (mac, sender), target));
}

#[test]
fn arp_is_answered_for_the_gateway_host_access_and_other_machines() {
    let mut laboratory = Laboratory::new();
    let own = machine(2, 1500);
    for (target, mac) in [
        ([10, 9, 0, 1], GATEWAY_MAC),
        ([10, 9, 0, 254], GATEWAY_MAC),
        ([10, 9, 0, 3], machine(3, 1500).mac),
    ] {
        ask_arp(&mut laboratory, own.ipv4, target.into());
        let answer = laboratory.only_answer();
        assert!(seen(&answer).is_arp);
        assert_eq!(answer[..12], [own.mac, GATEWAY_MAC].concat());
        assert_eq!(
            answer[20..],
            [&[0, 2][..], &mac, &target, &own.mac, &own.ipv4.octets()].concat()
        );
    }
}

#[test]
fn arp_for_nobody_and_gratuitous_arp_are_not_answered_and_not_passed_on() {
    let mut laboratory = Laboratory::new();
    let own = machine(2, 1500).ipv4;
    ask_arp(&mut laboratory, own, [10, 9, 0, 77].into());
    ask_arp(&mut laboratory, own, own);
    ask_arp(&mut laboratory, Ipv4Addr::UNSPECIFIED, own);
    laboratory.assert_silence();
    assert_eq!(laboratory.stack.counters(laboratory.ports[0]).unwrap().sent_dropped, 0);
}

#[test]
fn an_arp_probe_for_another_machines_address_is_answered() {
    let mut laboratory = Laboratory::new();
    ask_arp(&mut laboratory, Ipv4Addr::UNSPECIFIED, machine(3, 1500).ipv4);
    assert!(seen(&laboratory.only_answer()).is_arp);
}

fn solicit(laboratory: &mut Laboratory, from: &str, target: &str) {
    let target: Ipv6Addr = target.parse().unwrap();
    let mac = machine(2, 1500).mac;
    let mut body = [&[0; 4], target.octets().as_slice()].concat();
    if from != "::" {
        body.extend([&[1, 1][..], &mac].concat());
    }
    let [.., a, b, c] = target.octets();
    let group = format!("ff02::1:ff{a:02x}:{b:02x}{c:02x}");
    laboratory.send(&icmpv6(mac, [0x33, 0x33, 0xff, a, b, c], from, &group, [135, 0], &body));
}

#[test]
fn neighbour_solicitations_are_answered_for_the_gateway_host_access_and_other_machines() {
    let mut laboratory = Laboratory::new();
    let table = [
        ("fd00:9::1", GATEWAY_MAC, 0xe0),
        ("fd00:9::fe", GATEWAY_MAC, 0xe0),
        ("fe80::9ff:fe00:1", GATEWAY_MAC, 0xe0),
        ("fd00:9::3", machine(3, 1500).mac, 0x60),
        ("fe80::9ff:fe00:103", machine(3, 1500).mac, 0x60),
    ];
    for (target, mac, flags) in table {
        solicit(&mut laboratory, "fd00:9::2", target);
        let answer = laboratory.only_answer();
        let seen = seen(&answer);
        let target: Ipv6Addr = target.parse().unwrap();
        assert_eq!(seen.addresses.unwrap(), (target.into(), machine(2, 1500).ipv6.into()));
        assert_eq!(answer[21], 255);
        assert_eq!((seen.payload[0], seen.payload[4]), (136, flags), "{target}");
        assert_eq!(seen.payload[8..24], target.octets());
        assert_eq!(seen.payload[24..], [&[2, 1][..], &mac].concat());
    }
    solicit(&mut laboratory, "fd00:9::2", "fd00:9::77");
    laboratory.assert_silence();
}

#[test]
fn looking_for_duplicates_finds_only_those_of_others() {
    let mut laboratory = Laboratory::new();
    solicit(&mut laboratory, "::", "fd00:9::2");
    solicit(&mut laboratory, "::", "fe80::9ff:fe00:102");
    solicit(&mut laboratory, "::", "fe80::abcd");
    laboratory.assert_silence();
    solicit(&mut laboratory, "::", "fd00:9::3");
    let answer = seen(&laboratory.only_answer());
    assert_eq!(answer.addresses.unwrap().1, "ff02::1".parse::<Ipv6Addr>().unwrap());
    assert_eq!(answer.payload[4], 0x20);
}

#[test]
fn a_router_solicitation_is_answered_without_a_prefix() {
    for (is_internal, lifetime) in [(false, [0xff, 0xff]), (true, [0, 0])] {
        let mut laboratory = Laboratory::of(
            NetworkParameters {
                is_internal,
                ..network()
            },
            [9000, 1500, 1500],
        );
        let mac = machine(2, 1500).mac;
        let to = [0x33, 0x33, 0, 0, 0, 2];
        laboratory.send(&icmpv6(mac, to, "fe80::9ff:fe00:102", "ff02::2", [133, 0], &[0; 4]));
        let answer = seen(&laboratory.only_answer());
        let gateway: Ipv6Addr = "fe80::9ff:fe00:1".parse().unwrap();
        assert_eq!(answer.addresses.unwrap().0, gateway);
        assert_eq!(answer.payload[..2], [134, 0]);
        assert_eq!(answer.payload[6..8], lifetime);
        let mac_option = [&[1, 1][..], &GATEWAY_MAC].concat();
        let mtu_option = [5, 1, 0, 0, 0, 0, 0x23, 0x28];
        assert_eq!(answer.payload[16..], [mac_option.as_slice(), &mtu_option].concat());
    }
}

#[test]
fn a_solicitation_from_afar_is_dropped() {
    let mut laboratory = Laboratory::new();
    let target: Ipv6Addr = "fd00:9::1".parse().unwrap();
    let body = [&[0; 4], target.octets().as_slice()].concat();
    let mut frame = icmpv6(
        machine(2, 1500).mac,
        GATEWAY_MAC,
        "fd00:9::2",
        "fd00:9::1",
        [135, 0],
        &body,
    );
    frame[21] = 254;
    laboratory.send(&frame);
    laboratory.assert_silence();
}
