//! Who we are for a registry.
//!
//! [`Credentials`] looks, in this order, at the environment (`CONTAINER_REGISTRY_HOST`, `_USER`, `_TOKEN`), at the logins made with
//! `registry login` ([`LoginStore`]), and at what Docker and podman have: credential helpers, then `config.json` and `auth.json`.
//! The first place that knows the registry wins. A place of our own that is damaged is an error; a foreign one that cannot be read
//! costs a warning and is passed over, because most images need no login at all.
//!
//! A secret is kept in the key ring of the system where there is one: the Keychain on macOS, the Secret Service on Linux; else in a
//! file that only its owner can read. It never stands in a message, a log or an argument of a program. Everything here blocks, for a
//! bounded time, and belongs on a thread that may.

mod bounded;
mod credentials;
mod docker;
mod environment;
mod keyring;
mod logins;

pub use credentials::Credentials;
pub use environment::Environment;
pub use keyring::{Keyring, KeyringError, KeyringKind, system_keyring};
pub use logins::{Login, LoginError, LoginStore, RemovedLogin, SavedLogin};
