//! Segments that no stack would send. Nothing may panic, and nobody's connection but the sender's may suffer.

use std::time::Duration;

use proptest::prelude::*;

use super::network::Network;

#[derive(Debug, Clone)]
struct Garbage {
    /// Where to write over a segment that the machine sent, behind the IP header.
    writes: Vec<(usize, u8)>,
    payload: Vec<u8>,
    /// How far its sequence and acknowledgement numbers are from the last ones.
    distances: [i32; 2],
    flags: u8,
}

fn distance() -> impl Strategy<Value = i32> {
    prop_oneof![Just(0), -2..3_i32, -300_000..300_000_i32, any::<i32>()]
}

fn garbage() -> impl Strategy<Value = Garbage> {
    (
        prop_oneof![
            Just(vec![]),
            proptest::collection::vec((4..60_usize, any::<u8>()), 0..6)
        ],
        proptest::collection::vec(any::<u8>(), 0..100),
        [distance(), distance()],
        prop_oneof![
            Just(0x10_u8),
            Just(0x02),
            Just(0x11),
            Just(0x12),
            Just(0x14),
            Just(0x18),
            any::<u8>()
        ],
    )
        .prop_map(|(writes, payload, distances, flags)| Garbage {
            writes,
            payload,
            distances,
            flags,
        })
}

/// A packet like `last` with other contents.
fn spoil(last: &[u8], garbage: &Garbage) -> Vec<u8> {
    let mut packet = last.to_vec();
    for (at, distance) in [24, 28].into_iter().zip(garbage.distances) {
        let number: [u8; 4] = packet[at..at + 4].try_into().unwrap();
        let number = u32::from_be_bytes(number).wrapping_add_signed(distance);
        packet[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    packet[33] = garbage.flags;
    packet.extend(&garbage.payload);
    for &(at, byte) in &garbage.writes {
        if let Some(place) = packet.get_mut(20 + at) {
            *place = byte;
        }
    }
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_segment_does_harm(spoilt in proptest::collection::vec((garbage(), 0..4_u8), 1..40), seed: u64, is_bursty: bool) {
        let mut network = Network::with(1500, crate::Limits::default(), seed);
        let peer = "93.184.216.34:443".parse().unwrap();
        let victim = network.machine.connect(peer, 40000);
        network.run(Duration::from_secs(1));
        let flow = network.world.last_flow();
        network.machine.programs[victim].to_send = 1000;
        let other = network.machine.connect(peer, 40001);
        network.run(Duration::from_millis(100));
        let other_flow = network.world.last_flow();
        // The last acknowledgement of the victim, as a template.
        let template = {
            network.machine.programs[victim].to_send += 1;
            let now = super::super::clock::instant(network.now);
            network.machine.work(now);
            let sent = network.machine.card.sent.pop_back().unwrap();
            network.take(&sent);
            sent
        };
        // What garbage says need not be the pattern.
        network.world.peer(flow).is_unchecked = true;
        network.is_bursty = is_bursty;
        for (garbage, then) in &spoilt {
            network.take(&spoil(&template, garbage));
            match then {
                0 => network.run(Duration::from_millis(10)),
                1 if network.world.peer(flow).close.is_none() => {
                    network.world.peer(flow).to_send += 5000;
                    network.wake(flow);
                }
                2 if network.world.peer(flow).close.is_none() => {
                    network.world.peer(flow).ends = true;
                    network.wake(flow);
                }
                _ => network.run(Duration::from_secs(2)),
            }
        }
        network.machine.programs[other].to_send = 5000;
        network.run(Duration::from_secs(5));
        prop_assert_eq!(network.world.peer(other_flow).received, 5000);
        let (now, port) = (network.now, super::network::PORT);
        network.flows.forget_port(now, port, &mut network.world);
        network.assert_empty();
    }
}
