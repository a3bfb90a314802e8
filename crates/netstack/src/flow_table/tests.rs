//! Flows that are found, that expire, and that make room.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::FlowTable;
use crate::{FlowId, PortId};

const IDLE: Duration = Duration::from_secs(10);
const LIMIT: usize = 3;

/// The same as a list that is searched through, the one that was not used for the longest time first.
#[derive(Default)]
struct Model {
    flows: Vec<(FlowId, u8, PortId, Duration)>,
}

impl Model {
    fn touch(&mut self, key: u8, now: Duration) {
        if let Some(at) = self.flows.iter().position(|flow| flow.1 == key) {
            let flow = self.flows.remove(at);
            self.flows.push((flow.0, flow.1, flow.2, now + IDLE));
        }
    }

    fn make_room(&mut self, port: PortId) -> Option<FlowId> {
        let is_full = self.flows.iter().filter(|flow| flow.2 == port).count() >= LIMIT;
        let at = self.flows.iter().position(|flow| flow.2 == port).filter(|_| is_full)?;
        Some(self.flows.remove(at).0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_does_what_a_searched_list_does(steps in vec((0..4_u8, 0..20_u8, 0..6_u64), 0..200)) {
        let (mut table, mut model) = (FlowTable::new(LIMIT), Model::default());
        let mut now = Duration::ZERO;
        for (number, (kind, key, seconds)) in (0..).zip(steps) {
            let port = PortId(u32::from(key % 2));
            match (kind, table.find(&key)) {
                (0 | 1, None) => {
                    prop_assert_eq!(table.make_room(port), model.make_room(port));
                    table.insert(FlowId(number), key, port, (), now, IDLE);
                    model.flows.push((FlowId(number), key, port, now + IDLE));
                }
                (0 | 1, Some(id)) => {
                    table.touch(id, now, IDLE);
                    model.touch(key, now);
                }
                (2, Some(id)) => {
                    table.remove(id);
                    model.flows.retain(|flow| flow.0 != id);
                }
                _ => now += Duration::from_secs(seconds),
            }
            let mut expired: Vec<_> = std::iter::from_fn(|| table.take_expired(now)).collect();
            expired.sort();
            let mut expected: Vec<_> = model.flows.iter().filter(|flow| flow.3 <= now).map(|flow| flow.0).collect();
            expected.sort();
            model.flows.retain(|flow| flow.3 > now);
            prop_assert_eq!(expired, expected);
            prop_assert_eq!(table.iter().count(), model.flows.len());
            let earliest = model.flows.iter().map(|flow| flow.3).min();
            prop_assert!(table.next_timer() <= earliest && table.next_timer().is_some() == earliest.is_some());
        }
        while table.take_of(PortId(0)).is_some() || table.take_of(PortId(1)).is_some() {}
        prop_assert_eq!(table.next_timer(), None);
        prop_assert!(table.ids.is_empty() && table.recency.is_empty() && table.counts.is_empty());
    }
}
