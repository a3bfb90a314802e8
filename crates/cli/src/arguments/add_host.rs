//! `--add-host NAME:ADDRESS`.

use std::net::IpAddr;

use container_model::{HostEntry, UnknownFields, check_domain_name};

/// Stands for the address that leads to the host, as in Docker.
const HOST_GATEWAY: &str = "host-gateway";

/// A line of `/etc/hosts`. The name ends at the first `=`, else at the first `:`.
pub(crate) fn parse(text: &str) -> Result<HostEntry, String> {
    let (name, address) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .ok_or("a name and an address are needed: NAME:ADDRESS or NAME=ADDRESS")?;
    check_domain_name(name).map_err(|error| error.to_string())?;
    let bare = address
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(address);
    let address: Option<IpAddr> = match bare {
        HOST_GATEWAY => None,
        bare => Some(
            bare.parse()
                .map_err(|_| format!("{address:?} is neither an IP address nor {HOST_GATEWAY}"))?,
        ),
    };
    Ok(HostEntry {
        name: name.to_owned(),
        address,
        unknown: UnknownFields::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_addresses_of_both_kinds_or_the_host_s() {
        for (text, name, address) in [
            ("db:10.0.0.9", "db", Some("10.0.0.9")),
            ("db=10.0.0.9", "db", Some("10.0.0.9")),
            ("db.lab:fd00::1", "db.lab", Some("fd00::1")),
            ("db=[fd00::1]", "db", Some("fd00::1")),
            ("my_host:host-gateway", "my_host", None),
        ] {
            let entry = parse(text).unwrap();
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!((entry.name.as_str(), entry.address), (name, address), "{text}");
        }
        for (text, reason) in [
            ("db", "a name and an address are needed"),
            ("a b:10.0.0.1", "invalid name \"a b\""),
            (":10.0.0.1", "invalid name \"\""),
            ("db:", "\"\" is neither an IP address nor host-gateway"),
            ("db:10.0.0", "\"10.0.0\" is neither an IP address"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
