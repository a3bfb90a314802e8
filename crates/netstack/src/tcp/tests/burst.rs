//! Segments that come in one burst.

use std::time::Duration;

use super::network::Network;
use crate::tcp::clock::instant;
use crate::{Close, FlowId};

const SECOND: Duration = Duration::from_secs(1);

/// A network with one connection that stands, with its program and its flow.
fn connected(mtu_bytes: u16, ring_bytes: usize) -> (Network, usize, FlowId) {
    let mut network = Network::with(mtu_bytes, crate::Limits::default(), 1);
    (network.is_bursty, network.machine.ring_bytes) = (true, ring_bytes);
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND);
    let flow = network.world.last_flow();
    (network, program, flow)
}

/// Has the machine send, and takes everything without an end of the burst. Returns how many packets there were.
fn take_all(network: &mut Network) -> usize {
    network.machine.work(instant(network.now));
    let mut count = 0;
    while let Some(packet) = network.machine.card.sent.pop_front() {
        network.take(&packet);
        count += 1;
    }
    count
}

#[test]
fn segments_of_a_burst_go_on_in_one_piece_and_are_acknowledged_once() {
    let (mut network, program, flow) = connected(1500, 65_535);
    network.machine.programs[program].to_send = 40_000;
    let segments = take_all(&mut network);
    assert!(segments > 20, "{segments}");
    assert_eq!(network.world.peer(flow).writes, 0);
    assert!(network.world.queue.is_empty());
    network.settle();
    assert_eq!(network.world.peer(flow).writes, 1);
    assert_eq!(network.world.peer(flow).received, 40_000);
    assert_eq!(network.world.queue.len(), 1);
    network.run(SECOND);
    assert_eq!(network.machine.socket(program).send_queue(), 0);
}

#[test]
fn segments_out_of_order_are_answered_within_the_burst() {
    let (mut network, program, flow) = connected(1500, 65_535);
    network.machine.programs[program].to_send = 10_000;
    network.machine.work(instant(network.now));
    let lost = network.machine.card.sent.pop_front().unwrap();
    let behind = take_all(&mut network);
    assert_eq!(network.world.queue.len(), behind, "one duplicate acknowledgement each");
    network.take(&lost);
    network.settle();
    assert_eq!(network.world.peer(flow).received, 10_000);
    assert_eq!(network.world.queue.len(), behind + 1);
}

#[test]
fn much_goes_on_before_its_burst_has_ended() {
    let (mut network, program, flow) = connected(65_520, 1 << 20);
    // The machine learns the whole window with the first acknowledgement.
    network.machine.programs[program].to_send = 1000;
    network.run(SECOND);
    network.machine.programs[program].to_send = 1 << 20;
    assert!(take_all(&mut network) >= 2);
    assert!(network.world.peer(flow).received >= 64 << 10);
    assert!(!network.world.queue.is_empty());
    network.run(SECOND);
    assert_eq!(network.world.peer(flow).received, 1 << 20);
}

#[test]
fn a_reset_behind_data_of_its_burst_loses_none_of_it() {
    for has_ended in [false, true] {
        let (mut network, program, flow) = connected(1500, 65_535);
        network.machine.programs[program].to_send = 20_000;
        take_all(&mut network);
        if has_ended {
            network.machine.socket(program).close();
            assert_eq!(take_all(&mut network), 1);
        }
        network.machine.socket(program).abort();
        assert_eq!(take_all(&mut network), 1);
        network.settle();
        assert_eq!(network.world.peer(flow).received, 20_000);
        let close = if has_ended { Close::Orderly } else { Close::Reset };
        assert_eq!(network.world.peer(flow).close, Some(close));
        network.assert_empty();
    }
}

#[test]
fn a_machine_that_was_started_again_loses_nothing_that_came_before_in_the_burst() {
    let (mut network, program, flow) = connected(1500, 65_535);
    network.machine.programs[program].to_send = 20_000;
    take_all(&mut network);
    network.machine.restart();
    network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    assert_eq!(take_all(&mut network), 1);
    assert_eq!(network.world.peer(flow).received, 20_000);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.run(SECOND);
    assert_ne!(network.world.last_flow(), flow);
}
