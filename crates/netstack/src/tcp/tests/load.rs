//! Many connections, slow ones, and how much memory they take.

use std::time::Duration;

use smoltcp::socket::tcp::State;

use super::network::Network;
use super::world::World;
use crate::{Close, FlowId, Limits};

const SECOND: Duration = Duration::from_secs(1);

fn open_flows(world: &World) -> Vec<FlowId> {
    let open = world.peers.iter().filter(|(_, peer)| peer.close.is_none());
    open.map(|(&flow, _)| flow).collect()
}

#[test]
fn a_slow_peer_closes_the_window_of_its_machine_only() {
    let mut network = Network::new();
    let peer = "93.184.216.34:443".parse().unwrap();
    let slow = network.machine.connect(peer, 40000);
    network.run(SECOND);
    let flow = network.world.last_flow();
    network.world.peer(flow).room = 1000;
    network.machine.programs[slow].to_send = 10 << 20;
    network.run(SECOND);
    let (sent, ring) = (network.machine.programs[slow].sent, network.machine.ring_bytes);
    assert!(sent <= 1000 + (256 << 10) + ring, "{sent} bytes");
    let other = network.machine.connect(peer, 40001);
    network.machine.programs[other].to_send = 1 << 20;
    network.run(SECOND);
    let other = network.world.last_flow();
    assert_eq!(network.world.peer(other).received, 1 << 20);
    network.world.peer(flow).room = usize::MAX;
    network.wake(flow);
    assert!(network.run_until(60 * SECOND, |network| network.world.peer(flow).received == 10 << 20));
}

#[test]
fn a_slow_machine_stops_the_reading_from_its_peer() {
    let mut network = Network::new();
    let program = network.machine.connect("93.184.216.34:443".parse().unwrap(), 40000);
    network.machine.programs[program].reads = false;
    network.run(SECOND);
    let flow = network.world.last_flow();
    network.world.peer(flow).to_send = 10 << 20;
    network.wake(flow);
    network.run(20 * 60 * SECOND);
    let sent = network.world.peer(flow).sent;
    assert!(sent <= (256 << 10) + network.machine.ring_bytes, "{sent} bytes");
    assert_eq!(network.world.peer(flow).close, None, "slow is not dead");
    network.machine.programs[program].reads = true;
    assert!(
        network.run_until(200 * SECOND, |network| network.machine.programs[program].received
            == 10 << 20)
    );
}

#[test]
fn two_thousand_idle_connections_stay_and_end() {
    let mut network = Network::new();
    network.machine.ring_bytes = 256;
    let programs: Vec<usize> = (0..2000)
        .map(|at| {
            network
                .machine
                .connect("93.184.216.34:443".parse().unwrap(), 20000 + at)
        })
        .collect();
    network.run(5 * SECOND);
    assert!(
        programs
            .iter()
            .all(|&program| network.machine.state(program) == State::Established)
    );
    network.run(130 * SECOND);
    let flows = open_flows(&network.world);
    assert_eq!(flows.len(), 2000);
    for flow in &flows {
        network.world.peer(*flow).ends = true;
        network.wake(*flow);
    }
    for program in &mut network.machine.programs {
        program.ends = true;
    }
    network.run(SECOND);
    network.assert_empty();
    assert!(
        network
            .world
            .peers
            .values()
            .all(|peer| peer.close == Some(Close::Orderly))
    );
}

#[test]
fn ten_thousand_short_connections_leave_nothing() {
    let mut network = Network::new();
    network.machine.ring_bytes = 2048;
    for at in 0..10_000_u16 {
        let program = network
            .machine
            .connect("93.184.216.34:443".parse().unwrap(), 20000 + at % 100);
        network.machine.programs[program].to_send = 100;
        network.run_until(SECOND, |network| !network.world.peers.is_empty());
        let flow = network.world.last_flow();
        let peer = network.world.peer(flow);
        (peer.to_send, peer.ends) = (200, true);
        network.machine.programs[program].ends = at % 2 == 0;
        let is_over = network.run_until(2 * SECOND, |network| {
            network.machine.programs[program].ends |= network.machine.programs[program].received == 200;
            network.flows.views().next().is_none()
        });
        assert!(is_over, "connection {at}");
        let peer = network.world.peer(flow);
        assert_eq!((peer.received, peer.close), (100, Some(Close::Orderly)));
        assert_eq!(network.machine.programs[program].received, 200);
        network.machine.restart();
        network.world.peers.clear();
    }
    network.assert_empty();
}

#[test]
fn connections_take_turns_at_a_machine_that_takes_few_frames() {
    let mut network = Network::new();
    network.world.capacity = 4;
    let programs: Vec<usize> = (0..8)
        .map(|at| {
            network
                .machine
                .connect("93.184.216.34:443".parse().unwrap(), 40000 + at)
        })
        .collect();
    network.run(SECOND);
    for flow in open_flows(&network.world) {
        network.world.peer(flow).to_send = 4 << 20;
        network.wake(flow);
    }
    assert!(network.run_until(60 * SECOND, |network| {
        programs
            .iter()
            .any(|&program| network.machine.programs[program].received >= 1 << 20)
    }));
    for &program in &programs {
        let received = network.machine.programs[program].received;
        assert!(received > 256 << 10, "{received} bytes of one while another got 1 MiB");
    }
}

#[test]
fn rings_of_all_connections_stay_within_the_budget() {
    let limits = Limits {
        tcp_buffer_bytes_per_port: 2 << 20,
        ..Limits::default()
    };
    let mut network = Network::with(1500, limits, 1);
    network.machine.ring_bytes = 256;
    for at in 0..300 {
        network
            .machine
            .connect("93.184.216.34:443".parse().unwrap(), 20000 + at);
    }
    network.run(SECOND / 2);
    let flows = network.flows.flows.keys().copied().collect::<Vec<_>>();
    let rings = flows
        .iter()
        .filter_map(|&flow| Some(2 * network.flows.connection(flow)?.ring_bytes()));
    let taken: usize = rings.collect::<Vec<_>>().iter().sum();
    assert!((1 << 20..=2 << 20).contains(&taken), "{taken} bytes");
    assert!(flows.len() > 128, "{} flows", flows.len());
}

#[test]
fn a_connection_is_small_without_its_rings() {
    let bytes = size_of::<super::super::flow::Flow>() + size_of::<super::super::connection::Connection>();
    assert!(bytes + size_of::<smoltcp::iface::SocketStorage<'_>>() < 1024);
}
