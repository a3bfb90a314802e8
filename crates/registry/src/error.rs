//! What can go wrong between a registry and us.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use container_oci::{Digest, DocumentError};
use container_terminal::excerpt;

use crate::CredentialError;

/// How much of a registry's own words is repeated.
const SHOWN_CHARS: usize = 300;

/// Why a registry did not give what was asked for. The caller adds which image that was.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The name server does not know the host.
    #[error("no such host {host:?}; check the name of the registry and the network")]
    NoSuchHost {
        /// The registry.
        host: String,
    },
    /// Nobody listens there.
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
    /// An answer comes, but so slowly that it would never end.
    #[error("{host} sends too slowly: {bytes} bytes in {seconds} s")]
    TooSlow {
        /// The registry.
        host: String,
        /// What has come.
        bytes: u64,
        /// In how much time.
        seconds: u64,
    },
    /// There is no such tag, digest or repository.
    #[error("{what} not found in the registry")]
    NotFound {
        /// What was asked for: `tag "3.99"`.
        what: String,
    },
    /// The registry wants to know who is asking, and nobody has logged in.
    #[error(
        "{host} does not allow this without a login: {reason}; the image may be private, or not exist (try: container registry \
         login {name})"
    )]
    Unauthorized {
        /// The registry.
        host: String,
        /// Its name as in references.
        name: String,
        /// The registry's words.
        reason: String,
    },
    /// The registry knows who is asking, and does not allow it.
    #[error(
        "{host} does not allow this to {user}: {reason}; log in as somebody who may (container registry login {name})"
    )]
    Denied {
        /// The registry.
        host: String,
        /// Who asked.
        user: String,
        /// Its name as in references.
        name: String,
        /// The registry's words.
        reason: String,
    },
    /// User name and password, or token, are wrong.
    #[error("the registry did not accept the credentials for {user} at {name}; try: container registry login {name}")]
    BadCredentials {
        /// Who asked.
        user: String,
        /// The registry's name as in references.
        name: String,
    },
    /// There is only an identity token, and the registry has no server that would take one.
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
    /// Credentials would have gone over the network for everybody to read.
    #[error("{host} wants the login to be sent to {realm} without encryption; that is refused")]
    InsecureRealm {
        /// The registry.
        host: String,
        /// Its token server.
        realm: String,
    },
    /// A registry that is asked over https sent us to an address without.
    #[error("{host} leads from https to plain http at {target}; that is refused")]
    InsecureRedirect {
        /// The registry.
        host: String,
        /// Where it leads.
        target: String,
    },
    /// Every answer leads to another address.
    #[error("{host} redirects without end")]
    TooManyRedirects {
        /// The registry.
        host: String,
    },
    /// Something else answers at the address.
    #[error("{host} does not seem to be a registry: {reason}")]
    NotARegistry {
        /// Who answered.
        host: String,
        /// How that shows.
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
    /// A file with certificate authorities cannot be used.
    #[error("cannot use the certificate authorities in {}: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The registry has had enough of us, or is in trouble.
    #[error("{host} answered {status}: {reason}{}", later(*retry_after))]
    Status {
        /// The registry.
        host: String,
        /// HTTP status.
        status: u16,
        /// The registry's words.
        reason: String,
        /// When to come back, if it said so.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than such a thing may be.
    #[error("{host} sent more than {limit_bytes} bytes for {what}")]
    TooLarge {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// The answer is not what its digest says.
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
    /// A layer is said to be at a place where we do not look.
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
        /// How.
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

    /// Whether it may be the range in the request that was refused, and not the request.
    ///
    /// A storage that is asked with a range it does not like says 416 where it keeps to the rules, else 400, 403 (where the
    /// address is signed), another range, or that it has failed.
    pub(crate) fn may_be_about_the_range(&self) -> bool {
        match self {
            Self::Unauthorized { .. } | Self::Denied { .. } | Self::Protocol { .. } => true,
            Self::Status { status, .. } => !matches!(status, 408 | 429 | 503 | 504),
            _ => false,
        }
    }

    /// When the registry asked us to come back.
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
        // The library hides the cause in a chain of sources; the last one is the most telling.
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

/// What the TLS library says of a certificate, for people.
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

/// When to come back, for a message.
fn later(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |after| format!(" (come back in {} s)", after.as_secs()))
}

/// A registry's words, made harmless: one line, not too long.
pub(crate) fn shorten(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    excerpt(&words.join(" "), SHOWN_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_words_cannot_drive_the_terminal() {
        assert_eq!(shorten("a\x1b[31m\r\n b\t\0c"), "a\u{fffd}[31m b \u{fffd}c");
        assert!(shorten(&"x".repeat(10_000)).chars().count() <= SHOWN_CHARS);
    }
}
