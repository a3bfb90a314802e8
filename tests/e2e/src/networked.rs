//! Containers that talk to each other: what tests of networks start in them and ask them.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::{BUSYBOX, Home, Outcome};

/// Keeps a container up until it is stopped.
const STAY: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

/// One network of a running container, as `inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name of the network.
    pub network: String,
    /// Address without the length of its prefix.
    pub ipv4: Ipv4Addr,
    /// Address without the length of its prefix.
    pub ipv6: Ipv6Addr,
    /// The network's first address.
    pub ipv4_gateway: Ipv4Addr,
    /// Hardware address.
    pub mac: String,
    /// Most bytes of a packet.
    pub mtu: u64,
}

impl Interface {
    fn read(shown: &Value) -> Self {
        let text = |key: &str| shown[key].as_str().unwrap_or_else(|| panic!("no {key}: {shown}"));
        let address = |key: &str| text(key).split('/').next().unwrap_or_default();
        Self {
            network: text("network").to_owned(),
            ipv4: address("ipv4Address").parse().unwrap(),
            ipv6: address("ipv6Address").parse().unwrap(),
            ipv4_gateway: text("ipv4Gateway").parse().unwrap(),
            mac: text("macAddress").to_owned(),
            mtu: shown["mtu"].as_u64().unwrap(),
        }
    }
}

impl Home {
    /// Starts a container that runs until it is stopped, with servers for IPv4 and IPv6: HTTP at port 80, with the container's name at
    /// `/name` and the client's address at `/cgi-bin/client`, and at port 7 one that sends back what it gets (RFC 862).
    #[track_caller]
    pub fn start_server(&self, name: &str, flags: &[&str]) {
        let script = format!(
            "mkdir -p /tmp/cgi-bin; echo {name} > /tmp/name
            printf '#!/bin/sh\\nprintf \"\\\\r\\\\n\"; echo $REMOTE_ADDR\\n' > /tmp/cgi-bin/client; chmod 755 /tmp/cgi-bin/client
            httpd -p 80 -h /tmp; nc -ll -p 7 -e cat &
            {STAY}"
        );
        let words = [&["run", "-d", "--name", name], flags, &[BUSYBOX, "sh", "-c", &script]].concat();
        self.run(words).success();
        // The command returns when the program has started, which is before its servers listen. A line of /proc/net/tcp has the server's own
        // address, that of a peer and the state, of which 0A is LISTEN.
        let listens = "grep -q ':0007 0*:0000 0A ' /proc/net/tcp /proc/net/tcp6";
        self.guest(
            name,
            &format!("until wget -q -O /dev/null http://127.0.0.1/name && {listens}; do sleep 0.05; done"),
        )
        .success();
    }

    /// Runs a shell script in a running container.
    #[track_caller]
    pub fn guest(&self, name: &str, script: &str) -> Outcome {
        self.run(["exec", name, "sh", "-c", script])
    }

    /// What a container gets at an address of HTTP; nothing when it cannot be had.
    #[track_caller]
    pub fn fetched_in(&self, name: &str, url: &str) -> String {
        self.guest(name, &format!("timeout 60 wget -q -O - '{url}'")).text()
    }

    /// The networks of a container, in the order of its attachments.
    #[track_caller]
    pub fn interfaces(&self, name: &str) -> Vec<Interface> {
        let status = self.status(name);
        let shown = status["networks"].as_array();
        shown.expect("networks").iter().map(Interface::read).collect()
    }

    /// The first network of a container.
    #[track_caller]
    pub fn interface(&self, name: &str) -> Interface {
        self.interfaces(name).swap_remove(0)
    }
}
