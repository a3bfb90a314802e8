//! `--network NAME[,mac=…][,mtu=…][,ip=…][,ip6=…][,alias=…]`.

use std::str::FromStr;

use container_model::{NetworkAttachment, NetworkName, check_domain_name};

/// Smallest MTU: that of every IPv6 link (RFC 8200, 5).
const MTU_MIN: u16 = 1280;

/// One network, or the wish for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Network {
    /// Loopback only.
    None,
    /// A network and what is asked of it.
    Attach(NetworkAttachment),
}

/// Reads the value of the flag.
pub(crate) fn parse(text: &str) -> Result<Network, String> {
    let mut parts = text.split(',');
    let name = parts.next().unwrap_or_default();
    if name == "none" {
        return match parts.next() {
            None => Ok(Network::None),
            Some(_) => Err("\"none\" has no options".to_owned()),
        };
    }
    if name.starts_with("container:") {
        return Err(
            "a container has a machine of its own, and cannot have the network of another one's; \
                    on one network both find each other by name"
                .to_owned(),
        );
    }
    let name: NetworkName = value("name", name)?;
    let mut attachment = NetworkAttachment::new(name);
    for part in parts {
        let (key, text) = part
            .split_once('=')
            .ok_or_else(|| format!("{part:?} is no option; mac=, mtu=, ip=, ip6= and alias= are known"))?;
        match key {
            "mac" => attachment.mac_address = Some(value(key, text)?),
            "mtu" => attachment.mtu = Some(mtu(text)?),
            "ip" => attachment.ipv4_address = Some(value(key, text)?),
            "ip6" => attachment.ipv6_address = Some(value(key, text)?),
            "alias" => attachment.aliases.push(alias(text)?),
            _ => {
                return Err(format!(
                    "{key:?} is no option; mac=, mtu=, ip=, ip6= and alias= are known"
                ));
            }
        }
    }
    Ok(Network::Attach(attachment))
}

/// A further name of a container.
pub(crate) fn alias(text: &str) -> Result<String, String> {
    check_domain_name(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

fn mtu(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(mtu) if mtu >= MTU_MIN && !text.starts_with('+') => Ok(mtu),
        _ => Err(format!(
            "mtu={text} is no MTU; a number from {MTU_MIN} to {} is needed",
            u16::MAX
        )),
    }
}

fn value<T: FromStr<Err: std::fmt::Display>>(key: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{key}={text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_follow_the_name() {
        let text = "web,mac=02:00:00:00:00:09,mtu=1500,ip=10.0.0.9,ip6=fd00::9,alias=db,alias=cache";
        let Ok(Network::Attach(attachment)) = parse(text) else {
            panic!("{text}");
        };
        assert_eq!(attachment.network.as_str(), "web");
        assert_eq!(attachment.mac_address.unwrap().to_string(), "02:00:00:00:00:09");
        assert_eq!(attachment.mtu, Some(1500));
        assert_eq!(attachment.ipv4_address, Some([10, 0, 0, 9].into()));
        assert_eq!(attachment.ipv6_address.unwrap().to_string(), "fd00::9");
        assert_eq!(attachment.aliases, ["db", "cache"]);
        assert_eq!(parse("none"), Ok(Network::None));
    }

    #[test]
    fn what_means_nothing_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "invalid network name"),
            ("Web", "invalid network name \"Web\""),
            ("none,mtu=1500", "\"none\" has no options"),
            ("container:web", "on one network both find each other by name"),
            ("web,mtu=1279", "a number from 1280 to 65535 is needed"),
            ("web,mtu=70000", "a number from 1280 to 65535 is needed"),
            ("web,mac=1", "invalid MAC address"),
            ("web,ip=fd00::1", "ip=fd00::1: invalid IPv4 address"),
            ("web,ip6=10.0.0.1", "ip6=10.0.0.1: invalid IPv6 address"),
            ("web,alias=a b", "invalid name \"a b\""),
            ("web,colour=red", "\"colour\" is no option; mac="),
            ("web,", "\"\" is no option; mac="),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
