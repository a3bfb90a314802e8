//! Addresses in answers and manifests: what they point at, and whether they may be followed.

use reqwest::Url;

use crate::RegistryError;
use crate::scheme;

/// The host and its port, for messages.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether the host (without a port) is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    scheme::is_loopback(host)
}

/// Whether both addresses have the same origin: scheme, host and port are equal (RFC 6454).
pub(crate) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// The address in a `Location` header (RFC 9110, section 10.2.2), absolute or relative to `base`.
///
/// # Errors
/// [`RegistryError`] when it is not an http or https address, or leads from https to http.
pub(crate) fn resolve(base: &Url, location: &str) -> Result<Url, RegistryError> {
    let protocol = || RegistryError::Protocol {
        host: host_of(base),
        reason: "the address that it leads to is no URL",
    };
    let mut url = base.join(location.trim()).map_err(|_| protocol())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(protocol());
    }
    if base.scheme() == "https" && url.scheme() != "https" {
        return Err(RegistryError::InsecureRedirect {
            host: host_of(base),
            target: host_of(&url),
        });
    }
    // A user name or password in the address would be sent as our own. Removing them cannot fail for a URL with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn absolute_and_relative_addresses_keep_their_query() {
        let base = Url::parse("https://r.example:5000/v2/a/blobs/uploads/?mount=x").unwrap();
        for (location, url) in [
            (
                "/v2/a/blobs/uploads/1?_state=a%2Bb",
                "https://r.example:5000/v2/a/blobs/uploads/1?_state=a%2Bb",
            ),
            ("2?x=y", "https://r.example:5000/v2/a/blobs/uploads/2?x=y"),
            ("//cdn.example/z", "https://cdn.example/z"),
            ("https://me:secret@cdn.example/z#here", "https://cdn.example/z"),
            ("?state=3", "https://r.example:5000/v2/a/blobs/uploads/?state=3"),
        ] {
            assert_eq!(resolve(&base, location).unwrap().as_str(), url, "{location}");
        }
    }

    #[test]
    fn https_does_not_lead_to_http_nor_to_other_schemes() {
        let base = Url::parse("https://r.example/v2/").unwrap();
        let error = resolve(&base, "http://r.example/v2/").unwrap_err();
        assert!(matches!(error, RegistryError::InsecureRedirect { .. }));
        for location in ["file:///etc/passwd", "data:text/plain,x", "http://", "https://[::"] {
            assert!(resolve(&base, location).is_err(), "{location}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_an_address_without_secrets(location in "(https?://|//|/)?\\PC*", secure: bool) {
            let scheme = if secure { "https" } else { "http" };
            let base = Url::parse(&format!("{scheme}://r.example/v2/")).unwrap();
            if let Ok(url) = resolve(&base, &location) {
                prop_assert!(url.has_host() && url.username().is_empty() && url.password().is_none());
                prop_assert!(url.scheme() == "https" || (!secure && url.scheme() == "http"));
            }
        }
    }
}
