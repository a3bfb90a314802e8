//! A network to be made.

use std::collections::BTreeMap;

use container_model::{NetworkConfig, NetworkName};
use ipnet::{Ipv4Net, Ipv6Net};

/// The option that says whether containers reach services on the host's loopback.
pub(crate) const HOST_ACCESS_OPTION: &str = "host-access";

/// Smallest MTU: that of every IPv6 link (RFC 8200, 5).
const MTU_MIN: u16 = 1280;
/// Largest MTU: the longest IPv4 packet (RFC 791, 3.1).
const MTU_MAX: u16 = u16::MAX;

/// A network to be made. Subnets that are `None` are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRequest {
    /// Its name.
    pub name: NetworkName,
    /// IPv4 addresses; bits of a host are dropped.
    pub ipv4_subnet: Option<Ipv4Net>,
    /// IPv6 addresses; bits of a host are dropped.
    pub ipv6_subnet: Option<Ipv6Net>,
    /// Whether it has no way out.
    pub internal: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options. `mtu` and `host-access` mean something; others are kept.
    pub options: BTreeMap<String, String>,
}

/// An option has a value that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No number that fits.
    #[error("option mtu={0:?} is no MTU: a number from {MTU_MIN} to {MTU_MAX} is needed")]
    Mtu(String),
    /// Neither yes nor no.
    #[error("option host-access={0:?} means nothing: true or false is needed")]
    HostAccess(String),
}

impl NetworkRequest {
    /// A network of which nothing but the name is asked for.
    #[must_use]
    pub fn new(name: NetworkName) -> Self {
        Self {
            name,
            ipv4_subnet: None,
            ipv6_subnet: None,
            internal: false,
            labels: BTreeMap::new(),
            options: BTreeMap::new(),
        }
    }

    /// Whether containers are to reach services on the host's loopback: yes, unless the option says otherwise.
    pub(crate) fn host_access(&self) -> Result<bool, OptionError> {
        match self.options.get(HOST_ACCESS_OPTION).map(String::as_str) {
            None | Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(OptionError::HostAccess(other.to_owned())),
        }
    }

    /// Checks the option `mtu`, whose value stays among the options.
    pub(crate) fn check_mtu(&self) -> Result<(), OptionError> {
        match self.options.get(NetworkConfig::MTU_OPTION) {
            Some(text) if !text.parse().is_ok_and(|mtu: u16| mtu >= MTU_MIN) => Err(OptionError::Mtu(text.clone())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(key: &str, value: &str) -> NetworkRequest {
        let mut request = NetworkRequest::new("web".parse().unwrap());
        request.options.insert(key.to_owned(), value.to_owned());
        request
    }

    #[test]
    fn options_that_are_known_are_checked() {
        assert_eq!(with("x", "y").host_access(), Ok(true));
        assert_eq!(with("host-access", "false").host_access(), Ok(false));
        assert_eq!(
            with("host-access", "no").host_access().unwrap_err().to_string(),
            "option host-access=\"no\" means nothing: true or false is needed"
        );
        assert_eq!(with("mtu", "1500").check_mtu(), Ok(()));
        for bad in ["1279", "65536", "", "big", "-1"] {
            assert_eq!(with("mtu", bad).check_mtu(), Err(OptionError::Mtu(bad.to_owned())));
        }
    }
}
