//! Why a request to a registry failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use container_oci::{Digest, DocumentError};
use container_terminal::excerpt;

use crate::CredentialError;

/// How much of a registry's message is repeated.
const SHOWN_CHARS: usize = 300;

/// Why a request to a registry failed. The caller adds the name of the image.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The name server does not know the host.
    #[error("no such host {host:?}; check the name of the registry and the network")]
    NoSuchHost {
        /// The registry.
        host: String,
    },
    /// The connection was refused.
    #[error("connection to {host} refused; is a registry running there?")]
    Refused {
        /// The registry.
        host: String,
    },
    /// The certificate is not trusted, or TLS failed otherwise.
    #[error("no secure connection to {host}: {reason} (for a registry without TLS: --scheme http)")]
    Tls {
        /// The registry.
        host: String,
        /// What the TLS library said.
        reason: String,
    },
    /// The connection failed otherwise, or ended too early.
    #[error("connection to {host} failed: {reason}")]
    Connection {
        /// The registry.
        host: String,
        /// What happened.
        reason: String,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The registry.
        host: String,
    },
    /// The answer comes too slowly.
    #[error("{host} sends too slowly: {bytes} bytes in {seconds} s")]
    TooSlow {
        /// The registry.
        host: String,
        /// Bytes received.
        bytes: u64,
        /// Seconds waited for them.
        seconds: u64,
    },
    /// There is no such tag, digest or repository.
    #[error("{what} not found in the registry")]
    NotFound {
        /// What was asked for: `tag "3.99"`.
        what: String,
    },
    /// The registry asks for a login, and there is no credential.
    #[error(
        "{host} does not allow this without a login: {reason}; the image may be private, or not exist (try: container registry \
         login {name})"
    )]
    Unauthorized {
        /// The registry.
        host: String,
        /// Its name as in references.
        name: String,
        /// The registry's message.
        reason: String,
    },
    /// The registry does not allow the request to this user.
    #[error(
        "{host} does not allow this to {user}: {reason}; log in as somebody who may (container registry login {name})"
    )]
    Denied {
        /// The registry.
        host: String,
        /// The user.
        user: String,
        /// Its name as in references.
        name: String,
        /// The registry's message.
        reason: String,
    },
    /// User name and password, or token, are wrong.
    #[error("the registry did not accept the credentials for {user} at {name}; try: container registry login {name}")]
    BadCredentials {
        /// The user.
        user: String,
        /// The registry's name as in references.
        name: String,
    },
    /// The registry asks for basic authentication, and there is only an identity token.
    #[error(
        "{name} wants a user name and a password, but only an identity token is stored for it; try: container registry login {name}"
    )]
    NeedsPassword {
        /// The registry's name as in references.
        name: String,
    },
    /// The place with the credentials could not be used.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// Credentials would have been sent over plain http.
    #[error("{host} wants the login to be sent to {realm} without encryption; that is refused")]
    InsecureRealm {
        /// The registry.
        host: String,
        /// Its token server.
        realm: String,
    },
    /// A redirect leads from https to plain http.
    #[error("{host} leads from https to plain http at {target}; that is refused")]
    InsecureRedirect {
        /// The registry.
        host: String,
        /// Where it leads.
        target: String,
    },
    /// Too many redirects in a row.
    #[error("{host} redirects without end")]
    TooManyRedirects {
        /// The registry.
        host: String,
    },
    /// The server that answers is not a registry.
    #[error("{host} does not seem to be a registry: {reason}")]
    NotARegistry {
        /// The server.
        host: String,
        /// Why it is not one.
        reason: &'static str,
    },
    /// A registry or mirror has a name that cannot be one.
    #[error("{text:?} is no registry: {reason}")]
    BadHost {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address of a file cannot be one.
    #[error("no file can be fetched from there: {reason}")]
    BadAddress {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file with certificate authorities cannot be used.
    #[error("cannot use the certificate authorities in {}: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The registry answered with an HTTP status for which there is no other case, such as 429 or 503.
    #[error("{host} answered {status}: {reason}{}", later(*retry_after))]
    Status {
        /// The registry.
        host: String,
        /// HTTP status.
        status: u16,
        /// The registry's message.
        reason: String,
        /// How long to wait before the next try, if the registry says so.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than the limit for its kind.
    #[error("{host} sent more than {limit_bytes} bytes for {what}")]
    TooLarge {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The answer does not have the expected digest.
    #[error(
        "digest mismatch of {what}: expected {expected}, got {actual}; the registry or something on the way is broken"
    )]
    DigestMismatch {
        /// What was asked for.
        what: String,
        /// Digest asked for.
        expected: Digest,
        /// Digest of the answer.
        actual: Digest,
    },
    /// The answer has another size than its descriptor says.
    #[error("size mismatch of {what}: expected {expected_bytes} bytes, got {actual_bytes}")]
    SizeMismatch {
        /// What was asked for.
        what: String,
        /// Size in the descriptor.
        expected_bytes: u64,
        /// Bytes that came, at least.
        actual_bytes: u64,
    },
    /// The answer is not a manifest, index or configuration.
    #[error("{host} sent no valid {what}: {source}")]
    Document {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The descriptor of a layer names an address that is not used.
    #[error("the layer is said to be at {url:?}; only https addresses without credentials are used")]
    ForeignUrl {
        /// The address, shortened when it is long.
        url: String,
    },
    /// The registry broke the protocol.
    #[error("{host} broke the registry protocol: {reason}")]
    Protocol {
        /// The registry.
        host: String,
        /// Which rule.
        reason: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

impl RegistryError {
    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::Timeout { .. } | Self::TooSlow { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            _ => false,
        }
    }

    /// Whether the request may succeed without its range.
    ///
    /// Storage that does not accept a range answers 416 by the specification; some answers 400, 403 (where the address is signed),
    /// with another range, or with a server error.
    pub(crate) fn may_be_about_the_range(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Denied { .. } | Self::Protocol { .. } => true,
            Self::Status { status, .. } => !matches!(status, 408 | 429 | 503 | 504),
            _ => false,
        }
    }

    /// How long the registry asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The HTTP status behind the error, if it is about one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The case that fits a failed request.
    pub(crate) fn from_request(host: &str, error: reqwest::Error) -> Self {
        let host = host.to_owned();
        // The address of a blob may hold a signature that is as good as a password.
        let error = error.without_url();
        if error.is_timeout() {
            return Self::Timeout { host };
        }
        // The library hides the cause in a chain of sources, of which the last is the most specific.
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            reason = error.to_string();
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
            {
                return Self::Refused { host };
            }
            if reason == "dns error" {
                return Self::NoSuchHost { host };
            }
            if reason.contains("certificate") || reason.contains("TLS") || reason.contains("InvalidContentType") {
                let reason = tls_reason(reason);
                return Self::Tls { host, reason };
            }
            cause = error.source();
        }
        Self::Connection {
            host,
            reason: shorten(&reason),
        }
    }
}

/// The TLS library's reason in words for users.
fn tls_reason(reason: String) -> String {
    if reason.contains("UnknownIssuer") {
        return "its certificate is of an authority that is not trusted here; config.toml can name more (registry.ca-files)"
            .to_owned();
    }
    if reason.contains("CaUsedAsEndEntity") {
        return "its certificate is that of an authority itself; it needs one that an authority has signed".to_owned();
    }
    shorten(&reason)
}

/// The time to wait, for a message.
fn later(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |after| format!(" (come back in {} s)", after.as_secs()))
}

/// A registry's message, cleaned for a terminal and cut to one line of limited length.
pub(crate) fn shorten(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    excerpt(&words.join(" "), SHOWN_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_message_is_cleaned_for_the_terminal() {
        assert_eq!(shorten("a\x1b[31m\r\n b\t\0c"), "a\u{fffd}[31m b \u{fffd}c");
        assert!(shorten(&"x".repeat(10_000)).chars().count() <= SHOWN_CHARS);
    }
}
