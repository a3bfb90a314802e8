//! What the guest writes to `/etc/hosts` and `/etc/resolv.conf`.

use std::net::IpAddr;

use container_agent_api::v1::{HostsLine, Names, Resolver};
use container_model::ContainerConfig;
use container_network::HOST_ACCESS_NAMES;

use super::AttachedLine;

/// What a container knows of names besides what servers tell it.
pub(crate) fn guest_names(config: &ContainerConfig, lines: &[AttachedLine]) -> Names {
    let first = lines.first().map(|line| &line.attached);
    let mut hosts = Vec::new();
    if let Some(attached) = first {
        let own = own_names(config);
        let addresses: [IpAddr; 2] = [
            attached.status.ipv4_address.addr().into(),
            attached.status.ipv6_address.addr().into(),
        ];
        hosts.extend(addresses.map(|address| line(address, &own)));
        // Here they work also with name servers that the user chose.
        let host_names = HOST_ACCESS_NAMES.map(str::to_owned);
        hosts.extend(attached.host_access.iter().map(|&address| line(address, &host_names)));
    }
    for entry in &config.extra_hosts {
        let host_access = || first?.host_access.first().copied();
        match entry.address.or_else(host_access) {
            Some(address) => hosts.push(line(address, std::slice::from_ref(&entry.name))),
            None => tracing::warn!(
                name = entry.name,
                "left out of /etc/hosts: there is no access to the host"
            ),
        }
    }
    Names {
        hosts,
        resolver: resolver(config, lines),
        keep_resolver: config.dns.disabled,
    }
}

fn line(address: IpAddr, names: &[String]) -> HostsLine {
    HostsLine {
        address: address.to_string(),
        names: names.to_vec(),
    }
}

/// The host name, with the domain first where there is one, as hosts(5) wants it.
fn own_names(config: &ContainerConfig) -> Vec<String> {
    let name = config.hostname();
    let mut names = Vec::new();
    if let Some(domain) = &config.dns.domain {
        names.push(format!("{name}.{domain}"));
    }
    names.push(name.to_owned());
    names
}

/// `None` when there is no server to ask.
fn resolver(config: &ContainerConfig, lines: &[AttachedLine]) -> Option<Resolver> {
    let dns = &config.dns;
    let chosen = &dns.nameservers;
    let of_network = || lines.first().map(|line| line.attached.nameservers.as_slice());
    let nameservers = if chosen.is_empty() { of_network()? } else { chosen };
    Some(Resolver {
        nameservers: nameservers.iter().map(IpAddr::to_string).collect(),
        domain: dns.domain.clone().unwrap_or_default(),
        search: dns.search_domains.clone(),
        options: dns.options.clone(),
    })
}
