//! What goes on, for those who ask.

use container_netstack::{FlowDirection, FlowTransport, FlowView, PortId};

use super::attach::Machine;
use super::event_loop::EventLoop;
use crate::protocol::{Inspection, LiveFlow, LiveMachine};

impl EventLoop<'_> {
    pub(super) fn inspect(&self) -> Inspection {
        let mut machines: Vec<_> = self.machines.attached.iter().collect();
        machines.sort_by_key(|(port, _)| **port);
        let live = |(port, machine): (&PortId, &Machine)| {
            let counters = self.stack.counters(*port).unwrap_or_default();
            LiveMachine {
                container: machine.container.clone(),
                names: machine.names.clone(),
                addresses: vec![machine.lease.ipv4_address.into(), machine.lease.ipv6_address.into()],
                mac_address: machine.lease.mac_address,
                ports: machine.ports.clone(),
                received_bytes: counters.received_bytes,
                received_packets: counters.received_packets,
                sent_bytes: counters.sent_bytes,
                sent_packets: counters.sent_packets,
                dropped_packets: counters.received_dropped + counters.sent_dropped,
            }
        };
        let flow = |view: FlowView| {
            let container = self.machines.attached.get(&view.port)?.container.clone();
            let transport = match view.transport {
                FlowTransport::Tcp => "tcp",
                FlowTransport::Udp => "udp",
                FlowTransport::Echo => "icmp",
            };
            Some(LiveFlow {
                container,
                transport: transport.to_owned(),
                machine: view.machine,
                peer: view.peer,
                is_outgoing: view.direction == FlowDirection::Outgoing,
                state: view.state.to_owned(),
            })
        };
        Inspection {
            machines: machines.into_iter().map(live).collect(),
            flows: self.stack.flows().filter_map(flow).collect(),
        }
    }
}
