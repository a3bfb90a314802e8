//! How many connections for questions about names a machine may have: each keeps questions and answers in memory of this process.

use std::collections::HashMap;

use container_netstack::{FlowId, PortId};

/// Connections of one machine.
const CONNECTIONS_PER_MACHINE_MAX: usize = 64;

/// The connections that there are.
#[derive(Debug, Default)]
pub(super) struct NameConnections {
    machines: HashMap<FlowId, PortId>,
    /// How many of them each machine has; none is not kept.
    counts: HashMap<PortId, usize>,
}

impl NameConnections {
    /// Counts a connection of a machine, unless that has as many as it may have.
    pub(super) fn admit(&mut self, flow: FlowId, machine: PortId) -> bool {
        let count = self.counts.get(&machine).copied().unwrap_or_default();
        let is_admitted = count < CONNECTIONS_PER_MACHINE_MAX;
        if is_admitted {
            self.machines.insert(flow, machine);
            self.counts.insert(machine, count + 1);
        }
        is_admitted
    }

    /// Forgets a connection.
    pub(super) fn release(&mut self, flow: FlowId) {
        let Some(machine) = self.machines.remove(&flow) else {
            return;
        };
        if let Some(count) = self.counts.get_mut(&machine) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&machine);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_has_its_own_limit_and_closed_connections_make_room() {
        let mut connections = NameConnections::default();
        let (greedy, other) = (PortId(1), PortId(2));
        let limit = u64::try_from(CONNECTIONS_PER_MACHINE_MAX).unwrap();
        assert!((0..limit).all(|number| connections.admit(FlowId(number), greedy)));
        assert!(!connections.admit(FlowId(limit), greedy));
        assert!(connections.admit(FlowId(limit), other));
        connections.release(FlowId(0));
        connections.release(FlowId(0));
        assert!(connections.admit(FlowId(limit + 1), greedy));
        assert!(!connections.admit(FlowId(limit + 2), greedy));
        (0..=limit + 1).for_each(|number| connections.release(FlowId(number)));
        assert!(connections.machines.is_empty() && connections.counts.is_empty());
    }
}
