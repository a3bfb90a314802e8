//! Ports as `EXPOSE` names them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `port[-port][/protocol]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port, not below the first one.
    pub last: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Whether an address or a port of the host was named as well, which means nothing.
    pub names_host: bool,
}

/// What is spoken at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The default.
    Tcp,
    /// `udp`
    Udp,
    /// `sctp`
    Sctp,
}

/// A text that names no ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid port `{text}`: {reason}; write a number from 0 to 65535, a range such as 8000-8010, and perhaps /tcp, /udp or /sctp"
)]
pub struct PortError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl PortRange {
    /// Each port as an image's configuration names it: `80/tcp`.
    pub fn names(self) -> impl Iterator<Item = String> {
        (self.first..=self.last).map(move |port| format!("{port}/{}", self.protocol))
    }
}

impl FromStr for PortRange {
    type Err = PortError;

    /// Reads `[[address:]host-port:]port[-port][/protocol]`.
    fn from_str(text: &str) -> Result<Self, PortError> {
        let error = |reason| PortError {
            text: text.to_owned(),
            reason,
        };
        let (host, container) = match text.rsplit_once(':') {
            Some((host, container)) => (Some(host), container),
            None => (None, text),
        };
        let (ports, protocol) = container.split_once('/').unwrap_or((container, ""));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "" | "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return Err(error("there is no such protocol")),
        };
        let (first, last) = range(ports).ok_or_else(|| error("the port is no number and no range of numbers"))?;
        if let Some(host) = host {
            let (address, port) = host.rsplit_once(':').unwrap_or(("", host));
            if !address.is_empty() && address.trim_matches(['[', ']']).parse::<IpAddr>().is_err() {
                return Err(error("what precedes the ports is no IP address"));
            }
            let host = if port.is_empty() {
                None
            } else {
                Some(range(port).ok_or_else(|| error("the port of the host is no number"))?)
            };
            let differs = host.is_some_and(|(start, end)| end - start != last - first);
            if differs && first != last {
                return Err(error("the host has another number of ports"));
            }
        }
        Ok(Self {
            first,
            last,
            protocol,
            names_host: host.is_some_and(|host| host.contains(|char| char != ':')),
        })
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some((first, last))
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read() {
        for (text, expected) in [
            ("80", Some(&["80/tcp"][..])),
            ("53/UDP", Some(&["53/udp"])),
            ("8000-8002/sctp", Some(&["8000/sctp", "8001/sctp", "8002/sctp"])),
            ("8080:80", Some(&["80/tcp"])),
            ("127.0.0.1:8080:80", Some(&["80/tcp"])),
            ("[::1]:8080:80", Some(&["80/tcp"])),
            ("0", Some(&["0/tcp"])),
            ("65536", None),
            ("", None),
            ("/tcp", None),
            ("80/http", None),
            ("2-1", None),
            ("1-2-3", None),
            ("+80", None),
            ("1-2:1-3", None),
            ("host:1:2", None),
        ] {
            let names = text.parse().map(|ports: PortRange| ports.names().collect::<Vec<_>>());
            assert_eq!(
                names.ok(),
                expected.map(|names| names.iter().map(ToString::to_string).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_said_about_the_host_is_seen() {
        for (text, expected) in [("80", false), ("8080:80", true), ("127.0.0.1::80", true)] {
            assert_eq!(
                text.parse::<PortRange>().map(|ports| ports.names_host),
                Ok(expected),
                "{text}"
            );
        }
    }
}
