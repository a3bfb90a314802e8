//! `container network create`.

use std::fmt::Display;

use clap::Args;
use container_engine::{CreateNetworkRequest, Engine};
use container_model::NetworkName;
use ipnet::{Ipv4Net, Ipv6Net};

use crate::arguments::{Label, collect_labels};
use crate::error::CommandError;
use crate::output;

/// Create a network, and print its name
///
/// Containers on one network reach each other by name and address. Networks do not reach each other.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Give it no way out: its containers reach each other only
    #[arg(long)]
    internal: bool,

    /// Label the network
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<Label>,

    /// Option: mtu=BYTES; host-access=false to keep containers from this host's loopback; others are kept without meaning
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = option)]
    option: Vec<Label>,

    /// What makes the network; only "container-network-vmnet", which stands for this program's own
    #[arg(long, value_name = "NAME", hide = true)]
    plugin: Option<String>,

    /// IPv4 addresses, for example 192.168.100.0/24; chosen otherwise
    #[arg(long, value_name = "SUBNET")]
    subnet: Option<Ipv4Net>,

    /// IPv6 addresses, for example fd00:1::/64; chosen otherwise
    #[arg(long, value_name = "SUBNET")]
    subnet_v6: Option<Ipv6Net>,

    /// Name of the network
    name: NetworkName,
}

/// Name of the plugin that Apple's tool has for networks.
const PLUGIN: &str = "container-network-vmnet";

impl Create {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        if let Some(plugin) = self.plugin.filter(|plugin| plugin != PLUGIN) {
            return Err(CommandError::usage(format!(
                "there is no plugin {plugin:?} for networks"
            )));
        }
        let engine = Engine::open()?.configured()?;
        let made = engine.create_network(CreateNetworkRequest {
            name: self.name,
            ipv4_subnet: self.subnet,
            ipv6_subnet: self.subnet_v6,
            internal: self.internal,
            labels: collect_labels(self.label),
            options: collect_labels(self.option),
        })?;
        say_if_changed(self.subnet, made.config.ipv4_subnet);
        say_if_changed(self.subnet_v6, made.config.ipv6_subnet);
        output::line(made.config.name.as_str())?;
        Ok(0)
    }
}

/// Tells that an address of a host was taken for its subnet.
fn say_if_changed<T: PartialEq + Display>(asked: Option<T>, made: T) {
    if let Some(asked) = asked.filter(|asked| *asked != made) {
        output::note(&format!("{asked} is taken for the subnet {made}"));
    }
}

fn option(text: &str) -> Result<Label, String> {
    match text.contains('=') {
        true => text.parse(),
        false => Err("an option is KEY=VALUE".to_owned()),
    }
}
