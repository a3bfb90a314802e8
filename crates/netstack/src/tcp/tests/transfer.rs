//! Every byte arrives once and in order, whatever happens to the packets.

use std::time::Duration;

use proptest::prelude::*;

use super::network::{Network, Weather};
use crate::{Close, Limits};

fn weather() -> impl Strategy<Value = Weather> {
    let one = || prop_oneof![Just(0), 1..200_u64];
    (one(), one(), one(), one()).prop_map(|(lost, doubled, late, full)| Weather {
        lost,
        doubled,
        late,
        full,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bytes_arrive_in_every_weather(
        weather in weather(),
        seed: u64,
        is_ipv6: bool,
        is_incoming: bool,
        is_bursty: bool,
        mtu_bytes in prop_oneof![Just(1500_u16), Just(1280), Just(65520)],
        capacity in prop_oneof![Just(usize::MAX), 1..20_usize],
        out_bytes in 0..400_000_usize,
        in_bytes in 0..400_000_usize,
        step_bytes in prop_oneof![Just(usize::MAX), 100..5000_usize],
        budget_bytes in prop_oneof![Just(64 << 20), Just(100_000_usize)],
    ) {
        let limits = Limits { tcp_buffer_bytes_per_port: budget_bytes, ..Limits::default() };
        let mut network = Network::with(mtu_bytes, limits, seed);
        (network.weather, network.is_bursty) = (weather, is_bursty);
        network.world.capacity = capacity;
        let program = if is_incoming {
            let program = network.machine.listen(80);
            network.accept(is_ipv6).unwrap();
            program
        } else {
            let peer = if is_ipv6 { "[2001:db8::1]:443" } else { "93.184.216.34:443" };
            network.machine.connect(peer.parse().unwrap(), 40000)
        };
        network.machine.programs[program].to_send = out_bytes;
        network.machine.programs[program].ends = true;
        prop_assert!(network.run_until(Duration::from_secs(100), |network| !network.world.peers.is_empty()));
        let flow = network.world.last_flow();
        let peer = network.world.peer(flow);
        (peer.to_send, peer.ends, peer.step) = (in_bytes, true, step_bytes);
        network.wake(flow);
        let is_done = network.run_until(Duration::from_secs(3000), |network| {
            network.flows.views().next().is_none() && network.machine.programs[program].received == in_bytes
        });
        let peer = network.world.peers.remove(&flow).unwrap();
        let (received, state) = (network.machine.programs[program].received, network.machine.state(program));
        prop_assert!(is_done, "{:?} {peer:?}, the machine is in {state} after {received} bytes", network.flows);
        prop_assert_eq!(peer.received, out_bytes);
        prop_assert!(peer.is_finished);
        prop_assert_eq!(peer.close, Some(Close::Orderly));
        network.assert_empty();
    }
}
