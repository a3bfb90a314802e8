//! What goes on in a network as scripts see it. Apple's tool shows nothing of it.

use container_engine::{ActiveFlow, ActiveMachine, NetworkActivity};
use serde_json::{Value, json};

use crate::output::published_port;

/// Adds `running`, `machines` and `flows` to the `status` of a network. A network that no container uses has none.
pub(super) fn add_activity(shown: &mut Value, activity: Option<&NetworkActivity>) {
    let status = &mut shown["status"];
    status["running"] = json!(activity.is_some());
    let (machines, flows) = activity.map_or((&[][..], &[][..]), |activity| (&activity.machines, &activity.flows));
    status["machines"] = machines.iter().map(machine).collect();
    status["flows"] = flows.iter().map(flow).collect();
}

fn machine(machine: &ActiveMachine) -> Value {
    json!({
        "id": machine.container,
        "names": machine.names,
        "addresses": machine.addresses,
        "macAddress": machine.mac_address,
        "publishedPorts": machine.published_ports.iter().map(published_port).collect::<Value>(),
        "receivedBytes": machine.received_bytes,
        "receivedPackets": machine.received_packets,
        "sentBytes": machine.sent_bytes,
        "sentPackets": machine.sent_packets,
        "droppedPackets": machine.dropped_packets,
    })
}

fn flow(flow: &ActiveFlow) -> Value {
    json!({
        "id": flow.container,
        "transport": flow.transport,
        "direction": if flow.is_outgoing { "outgoing" } else { "incoming" },
        "container": flow.machine,
        "peer": flow.peer,
        "state": flow.state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_beside_the_status() {
        let activity = NetworkActivity {
            machines: vec![ActiveMachine {
                container: "web".parse().unwrap(),
                names: vec!["web".to_owned()],
                addresses: vec!["10.1.0.2".parse().unwrap()],
                mac_address: "02:00:00:00:00:01".parse().unwrap(),
                published_ports: Vec::new(),
                received_bytes: 1,
                received_packets: 2,
                sent_bytes: 3,
                sent_packets: 4,
                dropped_packets: 5,
            }],
            flows: vec![ActiveFlow {
                container: "web".parse().unwrap(),
                transport: "tcp".to_owned(),
                machine: "10.1.0.2:40000".parse().unwrap(),
                peer: "192.0.2.1:80".parse().unwrap(),
                is_outgoing: true,
                state: "established".to_owned(),
            }],
        };
        let mut shown = json!({ "status": { "ipv4Gateway": "10.1.0.1" } });
        add_activity(&mut shown, Some(&activity));
        let expected = json!({
            "ipv4Gateway": "10.1.0.1",
            "running": true,
            "machines": [{
                "id": "web", "names": ["web"], "addresses": ["10.1.0.2"], "macAddress": "02:00:00:00:00:01", "publishedPorts": [],
                "receivedBytes": 1, "receivedPackets": 2, "sentBytes": 3, "sentPackets": 4, "droppedPackets": 5,
            }],
            "flows": [{
                "id": "web", "transport": "tcp", "direction": "outgoing", "container": "10.1.0.2:40000", "peer": "192.0.2.1:80",
                "state": "established",
            }],
        });
        assert_eq!(shown["status"], expected);
    }

    #[test]
    fn a_network_that_nobody_uses_has_no_activity() {
        let mut shown = json!({ "status": {} });
        add_activity(&mut shown, None);
        assert_eq!(
            shown["status"],
            json!({ "running": false, "machines": [], "flows": [] })
        );
    }
}
