//! Names of mirrors in the settings.

use crate::{RegistryError, Scheme};

/// Splits `mirror.example` or `http://127.0.0.1:5000` into the host and the scheme, which is automatic when it is left out.
pub(crate) fn parse(text: &str) -> Result<(&str, Scheme), RegistryError> {
    let bad = |reason| RegistryError::BadHost {
        text: text.to_owned(),
        reason,
    };
    let (scheme, host) = match text.split_once("://") {
        Some(("http", host)) => (Scheme::Http, host),
        Some(("https", host)) => (Scheme::Https, host),
        Some(_) => return Err(bad("a registry is talked to over http or https")),
        None => (Scheme::Auto, text),
    };
    Ok((host.strip_suffix('/').unwrap_or(host), scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_may_name_its_scheme() {
        assert_eq!(parse("m.example").unwrap(), ("m.example", Scheme::Auto));
        assert_eq!(parse("http://[::1]:5000/").unwrap(), ("[::1]:5000", Scheme::Http));
        assert_eq!(parse("https://m.example").unwrap(), ("m.example", Scheme::Https));
        assert!(parse("ftp://m.example").is_err());
    }
}
