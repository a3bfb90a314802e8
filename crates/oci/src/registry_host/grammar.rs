//! The grammar of a registry's host (distribution `reference/regexp.go`).

use std::net::Ipv6Addr;

/// Whether `text` is a host, perhaps with a port; if not, why.
pub(crate) fn check_host(text: &str) -> Result<(), &'static str> {
    const BAD_HOST: &str = "the registry must be host, host:port or [IPv6 address]:port";
    let port = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(BAD_HOST)?;
        address.parse::<Ipv6Addr>().map_err(|_| BAD_HOST)?;
        match port.strip_prefix(':') {
            Some(port) => Some(port),
            None if port.is_empty() => None,
            None => return Err(BAD_HOST),
        }
    } else {
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        if !name.split('.').all(is_host_label) {
            return Err(BAD_HOST);
        }
        port
    };
    match port {
        Some(port) if !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err() => {
            Err("the registry's port must be a number up to 65535")
        }
        _ => Ok(()),
    }
}

/// `domain-component`: `[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?`
fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
