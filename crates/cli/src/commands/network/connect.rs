//! `container network connect`.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerQuery, MacAddress, NetworkAttachment, NetworkName};

use crate::arguments::network;
use crate::error::CommandError;

/// Put a container on one more network
///
/// A container that does not run is on the network from its next start on.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// IPv4 address on the network
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Ipv4Addr>,

    /// IPv6 address on the network
    #[arg(long, value_name = "ADDRESS")]
    ip6: Option<Ipv6Addr>,

    /// Further name of the container on the network
    #[arg(long, value_name = "NAME", value_parser = network::alias)]
    alias: Vec<String>,

    /// Hardware address of the interface
    #[arg(long, value_name = "ADDRESS")]
    mac_address: Option<MacAddress>,

    /// Network
    network: NetworkName,

    /// Container
    container: ContainerQuery,
}

impl Connect {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let id = engine.find(&self.container)?;
        let attachment = NetworkAttachment {
            mac_address: self.mac_address,
            ipv4_address: self.ip,
            ipv6_address: self.ip6,
            aliases: self.alias,
            ..NetworkAttachment::new(self.network)
        };
        engine.connect_network(&id, attachment).await?;
        Ok(0)
    }
}
