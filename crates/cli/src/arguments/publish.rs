//! `--publish [ADDRESS:][HOST-PORTS:]CONTAINER-PORTS[/PROTOCOL]`.

use std::net::IpAddr;

use container_model::{PublishedPort, Transport, UnknownFields};

/// The ports of one flag: a range of the host's, or as many single ones that the host chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publish(pub(crate) Vec<PublishedPort>);

/// Reads the value of the flag.
pub(crate) fn parse(text: &str) -> Result<Publish, String> {
    let (addresses, proto) = match text.rsplit_once('/') {
        Some((addresses, proto)) => (addresses, transport(proto)?),
        None => (text, Transport::Tcp),
    };
    let (host_address, ports) = address(addresses)?;
    let (host, container) = match ports.split_once(':') {
        Some((host, container)) => (host, container),
        None if host_address.is_some() => {
            return Err("after the address, ports of the host and of the container are needed".to_owned());
        }
        None => ("", ports),
    };
    let (container_port, count) = range(container)?;
    let port = |host_port, container_port, count| PublishedPort {
        host_address,
        host_port,
        container_port,
        proto,
        count,
        unknown: UnknownFields::new(),
    };
    if host.is_empty() {
        let ports = (0..count).map(|offset| port(0, container_port + offset, 1));
        return Ok(Publish(ports.collect()));
    }
    let (host_port, host_count) = range(host)?;
    if host_count != count {
        return Err(format!(
            "{host_count} ports of the host cannot lead to {count} of the container"
        ));
    }
    Ok(Publish(vec![port(host_port, container_port, count)]))
}

fn transport(text: &str) -> Result<Transport, String> {
    match text.to_ascii_lowercase().as_str() {
        "tcp" => Ok(Transport::Tcp),
        "udp" => Ok(Transport::Udp),
        _ => Err(format!("{text:?} is no protocol; use tcp or udp")),
    }
}

/// Takes the address apart that two colons or brackets show.
fn address(text: &str) -> Result<(Option<IpAddr>, &str), String> {
    let (address, ports) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, ports) = rest.split_once(']').ok_or("a \"]\" is missing")?;
            (
                address,
                ports.strip_prefix(':').ok_or("after the address, a \":\" is needed")?,
            )
        }
        None if text.matches(':').count() < 2 => return Ok((None, text)),
        None if text.matches(':').count() > 2 => {
            return Err("an IPv6 address has to stand in brackets, as in [::1]:8080:80".to_owned());
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let parsed = address.parse().map_err(|_| format!("{address:?} is no IP address"))?;
    Ok((Some(parsed), ports))
}

/// `80` or `8000-8010`: the first port, and how many they are.
fn range(text: &str) -> Result<(u16, u16), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    match last.checked_sub(first) {
        Some(more) => Ok((first, more + 1)),
        None => Err(format!("the range {text} ends before it begins")),
    }
}

fn port(text: &str) -> Result<u16, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_number && port > 0 => Ok(port),
        _ => Err(format!(
            "{text:?} is no port; a number from 1 to {} is needed",
            u16::MAX
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Err(error) => error,
            Ok(Publish(ports)) => {
                let shown = ports.iter().map(|port| {
                    let address = port.host_address.map_or("*".to_owned(), |address| address.to_string());
                    let (host, container, proto, count) = (port.host_port, port.container_port, port.proto, port.count);
                    format!("{address} {host} {container} {proto} {count}")
                });
                shown.collect::<Vec<_>>().join(", ")
            }
        }
    }

    #[test]
    fn every_way_to_write_ports_is_understood() {
        for (text, expected) in [
            ("8080:80", "* 8080 80 tcp 1"),
            ("80", "* 0 80 tcp 1"),
            ("80/udp", "* 0 80 udp 1"),
            ("8080:80/TCP", "* 8080 80 tcp 1"),
            ("127.0.0.1:8080:80", "127.0.0.1 8080 80 tcp 1"),
            ("127.0.0.1::80", "127.0.0.1 0 80 tcp 1"),
            ("[::1]:8080:80", "::1 8080 80 tcp 1"),
            ("[::]::53/udp", ":: 0 53 udp 1"),
            ("8000-8002:9000-9002", "* 8000 9000 tcp 3"),
            ("9000-9001", "* 0 9000 tcp 1, * 0 9001 tcp 1"),
            ("1:65535", "* 1 65535 tcp 1"),
            (":80", "* 0 80 tcp 1"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_means_no_ports_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "\"\" is no port"),
            ("http", "\"http\" is no port"),
            ("0:80", "\"0\" is no port"),
            ("8080:0", "\"0\" is no port"),
            ("65536:80", "\"65536\" is no port; a number from 1 to 65535 is needed"),
            ("+1:80", "\"+1\" is no port"),
            ("8080:", "\"\" is no port"),
            ("8080:80/sctp", "\"sctp\" is no protocol; use tcp or udp"),
            ("8000-8001:80", "2 ports of the host cannot lead to 1 of the container"),
            ("8001-8000:1-2", "the range 8001-8000 ends before it begins"),
            ("localhost:8080:80", "\"localhost\" is no IP address"),
            (
                "::1:8080:80",
                "an IPv6 address has to stand in brackets, as in [::1]:8080:80",
            ),
            ("[::1:8080:80", "a \"]\" is missing"),
            ("[::1]8080:80", "after the address, a \":\" is needed"),
            (
                "[::1]:80",
                "after the address, ports of the host and of the container are needed",
            ),
        ] {
            assert!(shown(text).starts_with(reason), "{text}: {}", shown(text));
        }
    }
}
