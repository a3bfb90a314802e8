//! The choice between http and https.

use std::net::IpAddr;
use std::str::FromStr;

/// How to talk to a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain http for this machine and for private IPv4 addresses, else https.
    #[default]
    Auto,
    /// Plain http.
    Http,
    /// https.
    Https,
}

/// Why a text is no scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no scheme; use http, https or auto")]
pub struct SchemeError {
    /// What was given.
    pub text: String,
}

impl FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        match text {
            "auto" => Ok(Self::Auto),
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err(SchemeError { text: text.to_owned() }),
        }
    }
}

impl Scheme {
    /// Whether `registry` (host, perhaps with a port) is asked by plain http.
    pub fn is_http(self, registry: &str) -> bool {
        match self {
            Self::Http => true,
            Self::Https => false,
            Self::Auto => match address(registry) {
                Host::Name(name) => is_local_name(name),
                Host::Address(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
                Host::Address(IpAddr::V6(address)) => address.is_loopback(),
            },
        }
    }
}

/// Whether `registry` is this machine.
pub(super) fn is_loopback(registry: &str) -> bool {
    match address(registry) {
        Host::Name(name) => is_local_name(name),
        Host::Address(address) => address.is_loopback(),
    }
}

enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

fn address(registry: &str) -> Host<'_> {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => registry.split(':').next().unwrap_or(registry),
    };
    host.parse().map_or(Host::Name(host), Host::Address)
}

/// Whether it is `localhost` or a name below it (RFC 6761, section 6.3).
fn is_local_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_http_for_this_machine_and_private_addresses_only() {
        for (registry, http) in [
            ("localhost:5000", true),
            ("LOCALHOST", true),
            ("app.localhost", true),
            ("127.0.0.1:5055", true),
            ("127.9.9.9", true),
            ("[::1]:5000", true),
            ("10.1.2.3", true),
            ("172.31.0.1:80", true),
            ("192.168.0.1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("[2001:db8::1]", false),
            ("docker.io", false),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
        ] {
            assert_eq!(Scheme::Auto.is_http(registry), http, "{registry}");
        }
    }
}
