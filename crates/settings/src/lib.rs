//! What `config.toml` says.
//!
//! Two files are read, the user's and the installation's; for each key the first file that has it wins, else the default that is
//! written down here. A missing file is fine. A file that is no TOML, a key that nobody knows and a value of the wrong type are
//! errors that name file, line and key: a setting that is silently not in effect is worse than a command that does not start.
//! The keys of Apple's `container` are all accepted, so that one file serves both; those that mean nothing here have no effect.

mod document;
mod error;
mod files;
mod keys;
mod settings;
mod validate;

pub use error::{Place, SettingsError};
pub use files::files;
pub use settings::{ContainerSettings, HostSettings, RegistryScheme, RegistrySettings, Settings};
