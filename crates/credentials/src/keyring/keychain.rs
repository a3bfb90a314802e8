//! Keychain of macOS: one internet password for each login, in the form in which Apple's tool keeps them.

use std::time::Duration;

use container_oci::RegistryHost;
use container_registry::Secret;
use security_framework::base::Error;
use security_framework::passwords::{delete_internet_password, get_internet_password, set_internet_password};
use security_framework_sys::base::errSecItemNotFound;
use security_framework_sys::keychain::{SecAuthenticationType, SecProtocolType};

use super::{Keyring, KeyringError, KeyringKind};
use crate::bounded::within;

/// Security domain of the items; the same as that of Apple's tool.
const DOMAIN: &str = "com.apple.container.registry";
/// The longest wait: the system may ask the user whether this program may have the secret.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The user's default keychain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keychain;

impl Keyring for Keychain {
    fn kind(&self) -> KeyringKind {
        KeyringKind::Keychain
    }

    fn store(&self, host: &RegistryHost, username: &str, secret: &Secret) -> Result<(), KeyringError> {
        let (host, username, secret) = (host.clone(), username.to_owned(), secret.clone());
        bounded(move || {
            set_internet_password(
                host.as_str(),
                Some(DOMAIN),
                &username,
                "",
                None,
                SecProtocolType::HTTPS,
                SecAuthenticationType::Any,
                secret.reveal().as_bytes(),
            )
        })
    }

    fn fetch(&self, host: &RegistryHost, username: &str) -> Result<Option<Secret>, KeyringError> {
        let (host, username) = (host.clone(), username.to_owned());
        let found = bounded(move || {
            let protocol = SecProtocolType::HTTPS;
            let any = SecAuthenticationType::Any;
            none_if_missing(get_internet_password(
                host.as_str(),
                Some(DOMAIN),
                &username,
                "",
                None,
                protocol,
                any,
            ))
        })?;
        found
            .map(|bytes| String::from_utf8(bytes).map(Secret::new))
            .transpose()
            .map_err(|_| error("its item is no text"))
    }

    fn delete(&self, host: &RegistryHost, username: &str) -> Result<(), KeyringError> {
        let (host, username) = (host.clone(), username.to_owned());
        bounded(move || {
            let protocol = SecProtocolType::HTTPS;
            let any = SecAuthenticationType::Any;
            none_if_missing(delete_internet_password(
                host.as_str(),
                Some(DOMAIN),
                &username,
                "",
                None,
                protocol,
                any,
            ))
        })
        .map(drop)
    }
}

fn bounded<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, KeyringError> {
    match within(TIME_LIMIT, work) {
        Some(Ok(done)) => Ok(done),
        Some(Err(failed)) => Err(error(&failed.to_string())),
        None => Err(error(&format!("no answer within {} s", TIME_LIMIT.as_secs()))),
    }
}

fn none_if_missing<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(error) if error.code() == errSecItemNotFound => Ok(None),
        other => other.map(Some),
    }
}

fn error(reason: &str) -> KeyringError {
    KeyringError {
        kind: KeyringKind::Keychain,
        reason: reason.to_owned(),
    }
}
