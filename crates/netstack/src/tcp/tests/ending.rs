//! How connections end: one side after the other, and by resets.

use std::time::Duration;

use smoltcp::socket::tcp::State;

use super::network::Network;
use crate::{Close, FlowId};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A network with one connection that stands, with its program and its flow.
fn connected() -> (Network, usize, FlowId) {
    let mut network = Network::new();
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND);
    assert_eq!(network.machine.state(program), State::Established);
    let flow = network.world.last_flow();
    (network, program, flow)
}

#[test]
fn a_machine_that_has_ended_still_receives() {
    let (mut network, program, flow) = connected();
    network.machine.programs[program].to_send = 5000;
    network.machine.programs[program].ends = true;
    network.run(20 * MINUTE);
    assert!(network.world.peer(flow).is_finished);
    assert_eq!(network.world.peer(flow).received, 5000);
    assert_eq!(network.world.peer(flow).close, None);

    network.world.peer(flow).to_send = 7000;
    network.wake(flow);
    network.run(SECOND);
    assert_eq!(network.machine.programs[program].received, 7000);
    network.world.peer(flow).ends = true;
    network.wake(flow);
    assert_eq!(network.world.peer(flow).close, Some(Close::Orderly), "at once");
    network.run(SECOND);
    network.assert_empty();
    assert_eq!(network.machine.state(program), State::TimeWait);
}

#[test]
fn a_peer_that_has_ended_still_receives() {
    let (mut network, program, flow) = connected();
    network.world.peer(flow).to_send = 5000;
    network.world.peer(flow).ends = true;
    network.wake(flow);
    network.run(20 * MINUTE);
    assert_eq!(network.machine.programs[program].received, 5000);
    assert_eq!(network.machine.state(program), State::CloseWait);
    assert_eq!(network.world.peer(flow).close, None);

    network.machine.programs[program].to_send = 7000;
    network.machine.programs[program].ends = true;
    network.run(SECOND);
    assert_eq!(network.world.peer(flow).received, 7000);
    assert!(network.world.peer(flow).is_finished);
    assert_eq!(network.world.peer(flow).close, Some(Close::Orderly));
    network.assert_empty();
    assert_eq!(network.machine.state(program), State::Closed);
}

#[test]
fn both_can_end_at_once() {
    let (mut network, program, flow) = connected();
    network.world.peer(flow).ends = true;
    network.machine.programs[program].ends = true;
    network.machine.work(super::super::clock::instant(network.now));
    network.wake(flow);
    network.run(SECOND);
    assert_eq!(network.world.peer(flow).close, Some(Close::Orderly));
    network.assert_empty();
}

#[test]
fn a_reset_of_the_machine_is_one_for_the_peer() {
    let (mut network, program, flow) = connected();
    network.machine.socket(program).abort();
    network.run(SECOND / 100);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
}

#[test]
fn a_broken_peer_is_a_reset_for_the_machine() {
    for writes in [false, true] {
        let (mut network, program, flow) = connected();
        network.world.peer(flow).is_broken = true;
        if writes {
            network.machine.programs[program].to_send = 100;
        } else {
            network.wake(flow);
        }
        network.run(SECOND);
        assert_eq!(network.machine.state(program), State::Closed);
        assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
        network.assert_empty();
    }
}

#[test]
fn a_reset_waits_for_a_machine_that_takes_no_frames() {
    let (mut network, program, flow) = connected();
    network.world.capacity = 0;
    network.world.held_back.push_back(Vec::new());
    network.world.peer(flow).is_broken = true;
    network.wake(flow);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    assert_eq!(network.flows.views().count(), 1);
    network.world.held_back.clear();
    network.world.capacity = usize::MAX;
    network
        .flows
        .port_writable(network.now, super::network::PORT, &mut network.world);
    network.run(SECOND);
    assert_eq!(network.machine.state(program), State::Closed);
    network.assert_empty();
}

#[test]
fn a_slow_peer_gets_everything_after_the_machine_has_left() {
    // The ways in which a machine leaves: both ended, it ended last, it was started again after its end.
    for (ends_first, restarts) in [(true, false), (false, false), (false, true)] {
        let (mut network, program, flow) = connected();
        network.world.peer(flow).room = 1000;
        network.machine.programs[program].to_send = 50_000;
        network.machine.programs[program].ends = ends_first || restarts;
        if ends_first {
            network.run(SECOND);
            network.world.peer(flow).ends = true;
            network.flows.readable(network.now, flow, &mut network.world);
            network.run(SECOND);
        } else if !restarts {
            network.world.peer(flow).ends = true;
            network.flows.readable(network.now, flow, &mut network.world);
            network.run(SECOND);
            network.machine.programs[program].ends = true;
            network.run(SECOND);
            assert_eq!(network.machine.state(program), State::Closed);
        } else {
            network.run(SECOND);
            network.machine.restart();
        }
        network.run(10 * MINUTE);
        assert_eq!(network.world.peer(flow).received, 1000);
        assert_eq!(network.world.peer(flow).close, None);
        assert!(!network.world.peer(flow).is_finished);
        for _ in 0..49 {
            network.world.peer(flow).room = 1000;
            network.flows.writable(network.now, flow, &mut network.world);
            network.run(MINUTE);
        }
        assert_eq!(network.world.peer(flow).received, 50_000);
        assert!(network.world.peer(flow).is_finished);
        assert_eq!(network.world.peer(flow).close, Some(Close::Orderly));
        network.assert_empty();
    }
}

#[test]
fn ports_can_be_used_again_while_a_slow_peer_is_served() {
    let (mut network, program, flow) = connected();
    network.world.peer(flow).room = 0;
    network.world.peer(flow).ends = true;
    network.wake(flow);
    network.run(SECOND);
    network.machine.programs[program].to_send = 50_000;
    network.machine.programs[program].ends = true;
    network.run(SECOND);
    assert_eq!(network.machine.state(program), State::Closed);
    let again = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(SECOND);
    assert_eq!(network.machine.state(again), State::Established);
    assert_eq!(network.flows.views().count(), 2);
    network.world.peer(flow).room = usize::MAX;
    network.flows.writable(network.now, flow, &mut network.world);
    assert_eq!(network.world.peer(flow).received, 50_000);
    assert_eq!(network.flows.views().count(), 1);
}

#[test]
fn a_machine_that_was_started_again_can_use_its_ports_again() {
    let (mut network, _, flow) = connected();
    network.machine.restart();
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.run(5 * SECOND);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    assert_eq!(network.machine.state(program), State::Established);
    assert_eq!(network.flows.views().count(), 1);
}

#[test]
fn a_machine_that_was_started_again_and_takes_no_frames_yet_is_not_refused() {
    let (mut network, _, flow) = connected();
    network.machine.restart();
    network.world.capacity = 0;
    network.world.held_back.push_back(Vec::new());
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.machine.work(super::super::clock::instant(network.now));
    let syn = network.machine.card.sent.pop_front().unwrap();
    network.take(&syn);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    assert_eq!(network.world.held_back.len(), 1, "no answer to the SYN");
    network.world.held_back.clear();
    network.world.capacity = usize::MAX;
    network
        .flows
        .port_writable(network.now, super::network::PORT, &mut network.world);
    network.run(SECOND / 2);
    assert_eq!(network.machine.state(program), State::Established);
    assert_eq!(network.flows.views().count(), 1);
}

#[test]
fn flows_of_a_machine_that_forgot_them_end_within_a_minute() {
    let (mut network, _, flow) = connected();
    network.run(20 * MINUTE);
    assert_eq!(network.world.peer(flow).close, None, "idle is not dead");
    network.machine.restart();
    network.run(MINUTE + SECOND);
    assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
    network.assert_empty();
}

#[test]
fn flows_of_a_machine_that_vanished_end_after_five_minutes() {
    for sends in [0, 1000] {
        let (mut network, _, flow) = connected();
        network.weather.lost = 1000;
        network.world.peer(flow).to_send = sends;
        network.wake(flow);
        network.run(4 * MINUTE);
        assert_eq!(network.world.peer(flow).close, None);
        network.run(2 * MINUTE);
        assert_eq!(network.world.peer(flow).close, Some(Close::Reset));
        network.assert_empty();
    }
}
