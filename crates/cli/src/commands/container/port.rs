//! `container port`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use clap::Args;
use container_engine::Engine;
use container_model::{ContainerQuery, PublishedPort, Transport};

use crate::error::CommandError;
use crate::output;

/// Show which ports of this host lead to which ports of a running container
#[derive(Debug, Args)]
pub(crate) struct Port {
    /// Container
    container: ContainerQuery,

    /// Port of the container, for example 80 or 53/udp; all otherwise
    #[arg(value_name = "PORT[/PROTOCOL]", value_parser = wanted)]
    port: Option<Wanted>,
}

/// A port of the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    port: u16,
    proto: Transport,
}

impl Port {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        let ports = engine.load(&id)?.state.published_ports;
        let lines = match self.port {
            None => pairs(&ports)
                .map(|(wanted, host)| format!("{}/{} -> {host}", wanted.port, wanted.proto))
                .collect(),
            Some(port) => {
                let found = pairs(&ports).filter(|(wanted, _)| *wanted == port);
                found.map(|(_, host)| host.to_string()).collect::<Vec<_>>()
            }
        };
        match self.port {
            Some(Wanted { port, proto }) if lines.is_empty() => Err(CommandError::new(format!(
                "port {port}/{proto} of container {id} is not published now"
            ))),
            _ => {
                lines.iter().try_for_each(|line| output::line(line))?;
                Ok(0)
            }
        }
    }
}

/// Every single port of the container with the addresses of the host that lead there.
fn pairs(ports: &[PublishedPort]) -> impl Iterator<Item = (Wanted, SocketAddr)> {
    ports.iter().flat_map(|port| {
        (0..port.count).flat_map(move |offset| {
            let wanted = Wanted {
                port: port.container_port.saturating_add(offset),
                proto: port.proto,
            };
            let host_port = port.host_port.saturating_add(offset);
            let addresses = addresses(port.host_address).into_iter();
            addresses.map(move |address| (wanted, SocketAddr::new(address, host_port)))
        })
    })
}

fn addresses(of_host: Option<IpAddr>) -> Vec<IpAddr> {
    match of_host {
        Some(address) => vec![address],
        None => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
    }
}

fn wanted(text: &str) -> Result<Wanted, String> {
    let (port, proto) = text.split_once('/').unwrap_or((text, "tcp"));
    let proto = match proto {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return Err(format!("{proto:?} is no protocol; use tcp or udp")),
    };
    let port = port.parse().map_err(|_| format!("{port:?} is no port"))?;
    Ok(Wanted { port, proto })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::UnknownFields;

    #[test]
    fn ranges_are_shown_port_by_port() {
        let port = |host_address: Option<&str>, count| PublishedPort {
            host_address: host_address.map(|address| address.parse().unwrap()),
            host_port: 8080,
            container_port: 80,
            proto: Transport::Tcp,
            count,
            unknown: UnknownFields::new(),
        };
        let ports = [port(None, 2), port(Some("::1"), 1)];
        let shown: Vec<String> = pairs(&ports)
            .map(|(wanted, host)| format!("{} {host}", wanted.port))
            .collect();
        let expected = [
            "80 0.0.0.0:8080",
            "80 [::]:8080",
            "81 0.0.0.0:8081",
            "81 [::]:8081",
            "80 [::1]:8080",
        ];
        assert_eq!(shown, expected);
        assert_eq!(
            wanted("53/udp"),
            Ok(Wanted {
                port: 53,
                proto: Transport::Udp
            })
        );
        assert!(wanted("http").is_err() && wanted("1/sctp").is_err());
    }
}
