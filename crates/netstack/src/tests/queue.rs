//! Machines whose sockets are full or gone.

use super::made::udp;
use super::{Laboratory, machine, network};
use crate::{Limits, NetworkParameters};

fn numbered(to: u8, number: u16) -> Vec<u8> {
    udp(
        2,
        machine(to, 1500).mac,
        machine(to, 1500).ipv4.into(),
        (number, 2),
        &[0; 100],
    )
}

#[test]
fn frames_for_a_full_socket_are_held_back_and_come_in_order() {
    let mut laboratory = Laboratory::new();
    let slow = laboratory.ports[1];
    laboratory.outside.full.insert(slow);
    for number in 1..=3 {
        laboratory.send(&numbered(3, number));
    }
    assert_eq!(laboratory.received(1), Vec::<Vec<u8>>::new());
    laboratory.outside.full.clear();
    // Not ahead of those that wait.
    laboratory.send(&numbered(3, 4));
    assert_eq!(laboratory.received(1), Vec::<Vec<u8>>::new());
    laboratory
        .stack
        .port_writable(laboratory.now, slow, &mut laboratory.outside);
    assert_eq!(laboratory.received(1), [1, 2, 3, 4].map(|number| numbered(3, number)));
    assert_eq!(laboratory.stack.held_bytes(slow), Some(0));
    assert_eq!(laboratory.stack.counters(slow).unwrap().received_packets, 4);
}

#[test]
fn a_slow_machine_does_not_delay_others_and_holds_a_bounded_amount() {
    let limits = Limits {
        queued_bytes_per_port: 10_000,
        ..Limits::default()
    };
    let mut laboratory = Laboratory::of(NetworkParameters { limits, ..network() }, [1500; 3]);
    let slow = laboratory.ports[1];
    laboratory.outside.full.insert(slow);
    for number in 1..=1000 {
        laboratory.send(&numbered(3, number));
        laboratory.send(&numbered(4, number));
    }
    assert_eq!(laboratory.received(2).len(), 1000);
    assert!(laboratory.stack.held_bytes(slow).unwrap() <= 10_000);
    laboratory.outside.full.clear();
    laboratory
        .stack
        .port_writable(laboratory.now, slow, &mut laboratory.outside);
    let received = laboratory.received(1).len() as u64;
    let counters = laboratory.stack.counters(slow).unwrap();
    assert_eq!(counters.received_packets, received);
    assert_eq!(counters.received_packets + counters.received_dropped, 1000);
    assert!(received > 40);
}

#[test]
fn frames_for_a_socket_that_is_gone_are_dropped() {
    let mut laboratory = Laboratory::new();
    let port = laboratory.ports[1];
    laboratory.outside.full.insert(port);
    laboratory.send(&numbered(3, 1));
    laboratory.outside.gone.insert(port);
    laboratory
        .stack
        .port_writable(laboratory.now, port, &mut laboratory.outside);
    laboratory.send(&numbered(3, 2));
    assert_eq!(laboratory.stack.held_bytes(port), Some(0));
    assert_eq!(laboratory.stack.counters(port).unwrap().received_dropped, 2);
}
