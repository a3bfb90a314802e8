//! Fragments in any order, and too many of them.

use std::time::Duration;

use super::{MAXIMUM_FRAGMENTS, Reassembly};
use crate::Limits;
use crate::ip::{Datagram, Fragment};

const LIMITS: Limits = Limits {
    tcp_flows_per_port: 0,
    tcp_buffer_bytes_per_port: 0,
    udp_flows_per_port: 0,
    echo_flows_per_port: 0,
    queued_bytes_per_port: 0,
    reassembled_datagrams_per_port: 4,
    reassembly_bytes_per_port: 10_000,
};

fn add(reassembly: &mut Reassembly, identification: u32, offset: usize, is_last: bool, data: &[u8]) -> Option<Vec<u8>> {
    let datagram = Datagram {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: 17,
        hop_limit: 64,
        packet: data,
        payload: data,
        may_be_fragmented: true,
        fragment: None,
    };
    let fragment = Fragment {
        identification,
        offset,
        is_last,
        protocol: 17,
        data,
    };
    reassembly.add(Duration::ZERO, &LIMITS, &datagram, &fragment)
}

#[test]
fn a_datagram_is_whole_when_nothing_is_missing() {
    let mut reassembly = Reassembly::default();
    assert_eq!(add(&mut reassembly, 1, 16, true, b"end"), None);
    assert_eq!(add(&mut reassembly, 1, 0, false, b"12345678"), None);
    let whole = add(&mut reassembly, 1, 8, false, b"abcdefgh").unwrap();
    assert_eq!(&whole[20..], b"12345678abcdefghend");
    assert_eq!((reassembly.datagrams(), reassembly.held_bytes()), (0, 0));
}

#[test]
fn datagrams_are_kept_apart() {
    let mut reassembly = Reassembly::default();
    assert_eq!(add(&mut reassembly, 1, 0, false, b"12345678"), None);
    assert_eq!(add(&mut reassembly, 2, 8, true, b"x"), None);
    assert!(add(&mut reassembly, 1, 8, true, b"x").is_some());
}

#[test]
fn datagrams_fragments_and_bytes_are_bounded() {
    let mut reassembly = Reassembly::default();
    for identification in 0..1000 {
        add(&mut reassembly, identification, 0, false, &[0; 1024]);
        assert!(reassembly.datagrams() <= 4 && reassembly.held_bytes() <= 10_000);
    }
    let mut reassembly = Reassembly::default();
    for index in 0..1000 {
        add(&mut reassembly, 5000, index * 16, false, &[0; 8]);
        assert!(reassembly.held_bytes() <= MAXIMUM_FRAGMENTS * (8 + 64));
    }
}

#[test]
fn an_end_before_what_is_there_discards_the_datagram() {
    let mut reassembly = Reassembly::default();
    add(&mut reassembly, 1, 16, false, b"12345678");
    add(&mut reassembly, 1, 8, true, b"x");
    assert_eq!((reassembly.datagrams(), reassembly.held_bytes()), (1, 0));
    assert_eq!(add(&mut reassembly, 1, 0, false, b"12345678"), None);
    assert_eq!(add(&mut reassembly, 1, 8, true, b"x"), None);
}
