//! Credentials for registries.
//!
//! [`Credentials`] looks, in this order, at the environment (`CONTAINER_REGISTRY_HOST`, `_USER`, `_TOKEN`), at the logins made with
//! `registry login` ([`LoginStore`]), and at those of Docker and podman: credential helpers, then `config.json` and `auth.json`.
//! The first place with a credential for the registry wins. A damaged login store is an error. A key ring, a file or a helper that
//! cannot be used costs a warning and is passed over, because most images need no login.
//!
//! A secret is kept in the key ring of the system where there is one: the Keychain on macOS, the Secret Service on Linux; else in a
//! file that only its owner can read. Messages, `Debug` forms and arguments of programs do not have it in them. Everything here blocks,
//! for a bounded time, and has to be called on a thread that may block.

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
