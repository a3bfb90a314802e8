//! Flags of `run` and `create` about networks, ports and names.

use std::net::{Ipv4Addr, Ipv6Addr};

use clap::Args;
use container_engine::{NetworkSelection, NetworkingRequest, ProxyRequest};
use container_model::{HostEntry, MacAddress, NetworkAttachment, NetworkName, check_host_name};

use super::add_host;
use super::network::{self, Network};
use super::publish::{self, Publish};
use super::resolver::ResolverFlags;
use crate::environment;
use crate::error::CommandError;

/// Networks, ports and names of the container.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct NetworkingFlags {
    /// Network to attach to, with what is asked of it; "none" alone for loopback only [default: default]
    ///
    /// Options are mac=, mtu=, ip=, ip6= and alias=, with commas between them: web,ip=10.0.0.9,alias=db. The first network has the default
    /// route.
    #[arg(long, alias = "net", value_name = "NAME[,OPTION=VALUE...]", value_parser = network::parse)]
    network: Vec<Network>,

    /// Further name of the container on its first network
    #[arg(long, value_name = "NAME", value_parser = network::alias)]
    network_alias: Vec<String>,

    /// IPv4 address on the first network
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Ipv4Addr>,

    /// IPv6 address on the first network
    #[arg(long, value_name = "ADDRESS")]
    ip6: Option<Ipv6Addr>,

    /// Hardware address of the first network's interface
    #[arg(long, value_name = "ADDRESS")]
    mac_address: Option<MacAddress>,

    /// Publish ports, for example 8080:80, 127.0.0.1:53:53/udp or 80 for a port that the host chooses
    #[arg(short, long, value_name = "[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]", value_parser = publish::parse)]
    publish: Vec<Publish>,

    /// Publish every port that the image exposes, on ports that the host chooses
    #[arg(short = 'P', long)]
    publish_all: bool,

    /// Let the container see the addresses of the published ports' clients instead of its network's
    #[arg(long)]
    publish_client_address: bool,

    /// Host name
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    hostname: Option<String>,

    /// Line of /etc/hosts; host-gateway stands for the address that leads to the host
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = add_host::parse)]
    add_host: Vec<HostEntry>,

    #[command(flatten)]
    resolver: ResolverFlags,

    /// Pass http_proxy, https_proxy, all_proxy and no_proxy of this command's environment on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    http_proxy: Option<bool>,
}

impl NetworkingFlags {
    /// What all flags together ask for.
    pub(crate) fn request(self) -> Result<NetworkingRequest, CommandError> {
        let first = FirstNetwork {
            ipv4_address: self.ip,
            ipv6_address: self.ip6,
            mac_address: self.mac_address,
            aliases: self.network_alias,
        };
        Ok(NetworkingRequest {
            networks: selection(self.network, first).map_err(CommandError::usage)?,
            ports: self.publish.into_iter().flat_map(|publish| publish.0).collect(),
            publish_all: self.publish_all,
            client_addresses: self.publish_client_address,
            dns: self.resolver.config(),
            extra_hosts: self.add_host,
            hostname: self.hostname,
            proxies: ProxyRequest {
                pass: self.http_proxy,
                caller: environment::proxies(),
            },
        })
    }
}

/// What flags of their own say of the first network.
#[derive(Debug, Default, PartialEq, Eq)]
struct FirstNetwork {
    ipv4_address: Option<Ipv4Addr>,
    ipv6_address: Option<Ipv6Addr>,
    mac_address: Option<MacAddress>,
    aliases: Vec<String>,
}

fn selection(networks: Vec<Network>, first: FirstNetwork) -> Result<NetworkSelection, String> {
    let (count, says_nothing) = (networks.len(), first == FirstNetwork::default());
    let attachments = networks.into_iter().filter_map(|network| match network {
        Network::None => None,
        Network::Attach(attachment) => Some(attachment),
    });
    let mut attachments: Vec<NetworkAttachment> = attachments.collect();
    match (count, attachments.len()) {
        (0, _) if says_nothing => return Ok(NetworkSelection::Default),
        (0, _) => attachments.push(NetworkAttachment::new(NetworkName::default_network())),
        (1, 0) if says_nothing => return Ok(NetworkSelection::None),
        (1, 0) => return Err("--ip, --ip6, --mac-address and --network-alias need a network".to_owned()),
        (all, named) if all != named => return Err("--network none cannot be combined with another network".to_owned()),
        _ => {}
    }
    if let Some(attachment) = attachments.first_mut() {
        set_once("--ip", &mut attachment.ipv4_address, first.ipv4_address)?;
        set_once("--ip6", &mut attachment.ipv6_address, first.ipv6_address)?;
        set_once("--mac-address", &mut attachment.mac_address, first.mac_address)?;
        attachment.aliases.extend(first.aliases);
    }
    Ok(NetworkSelection::Named(attachments))
}

fn set_once<T>(flag: &str, place: &mut Option<T>, value: Option<T>) -> Result<(), String> {
    match (&place, value) {
        (Some(_), Some(_)) => Err(format!("{flag} says what --network says already")),
        (None, Some(value)) => {
            *place = Some(value);
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

fn host_name(text: &str) -> Result<String, String> {
    check_host_name(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        networking: NetworkingFlags,
    }

    fn request(line: &[&str]) -> Result<NetworkingRequest, String> {
        let line = Line::try_parse_from(std::iter::once(&"run").chain(line)).map_err(|error| error.to_string())?;
        line.networking.request().map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn flags_of_their_own_are_about_the_first_network() {
        let line = [
            "--network",
            "web,alias=a",
            "--net",
            "db",
            "--ip",
            "10.0.0.9",
            "--network-alias",
            "b",
        ];
        let NetworkSelection::Named(attachments) = request(&line).unwrap().networks else {
            panic!("{line:?}");
        };
        assert_eq!(attachments[0].ipv4_address, Some([10, 0, 0, 9].into()));
        assert_eq!(attachments[0].aliases, ["a", "b"]);
        assert_eq!(attachments[1], NetworkAttachment::new("db".parse().unwrap()));
        let NetworkSelection::Named(attachments) = request(&["--ip6", "fd00::9"]).unwrap().networks else {
            panic!("no network");
        };
        assert!(attachments[0].network.is_default() && attachments[0].ipv6_address.is_some());
    }

    #[test]
    fn no_network_is_no_network() {
        assert_eq!(request(&[]).unwrap().networks, NetworkSelection::Default);
        assert_eq!(
            request(&["--network", "none"]).unwrap().networks,
            NetworkSelection::None
        );
        for (line, reason) in [
            (&["--network", "none", "--network", "web"][..], "cannot be combined"),
            (&["--network", "none", "--network", "none"], "cannot be combined"),
            (&["--network", "none", "--ip", "10.0.0.9"], "need a network"),
            (
                &["--network", "web,ip=10.0.0.8", "--ip", "10.0.0.9"],
                "--ip says what --network says already",
            ),
            (&["--no-dns", "--dns", "10.0.0.1"], "cannot be used with"),
            (&["--hostname", "a_b"], "invalid name"),
            (&["--dns-option", "a b"], "one word is needed"),
            (&["--publish", "x"], "is no port"),
        ] {
            let error = request(line).unwrap_err();
            assert!(error.contains(reason), "{line:?}: {error}");
        }
    }

    #[test]
    fn the_proxy_flag_is_a_switch_that_may_be_turned_off() {
        let pass = |line: &[&str]| request(line).unwrap().proxies.pass;
        assert_eq!(pass(&[]), None);
        assert_eq!(pass(&["--http-proxy"]), Some(true));
        assert_eq!(pass(&["--http-proxy=false"]), Some(false));
    }

    #[test]
    fn names_are_looked_up_as_the_flags_say() {
        let line = [
            "--dns",
            "10.0.0.1",
            "--dns",
            "fd00::1",
            "--dns-domain",
            "lab",
            "--dns-search",
            "a.",
            "--dns-option",
            "ndots:2",
        ];
        let dns = request(&line).unwrap().dns;
        assert_eq!(dns.nameservers.len(), 2);
        assert_eq!(dns.domain.as_deref(), Some("lab"));
        assert_eq!(
            (dns.search_domains, dns.options),
            (vec!["a".to_owned()], vec!["ndots:2".to_owned()])
        );
    }
}
