//! The settings in `config.toml`: which keys exist, where they are read from, and what their values mean.
//!
//! Two files are read, the user's and the installation's. For each key the user's file wins, then the installation's, then the
//! default. A missing file counts as empty. These are errors that name the file, the line and the key, in either file: a file that
//! is not TOML, an unknown key, a value of the wrong type. So is a value that is out of range, in the file whose value is in effect.
//!
//! Some settings are accepted without having an effect, and no message says so:
//! - the keys of Apple's `container` in `[build]`, `[kernel]`, `[machine]` and `[vminit]`, so that one file serves both programs; their types are checked, their values are not;
//! - everything below `plugin`, which is not checked at all;
//! - a key of the installation's file that the user's file has as well.

mod document;
mod error;
mod files;
mod keys;
mod load;
mod networking;
mod settings;
mod validate;

pub use error::{Place, SettingsError};
pub use files::files;
pub use settings::{
    BuildSettings, ContainerSettings, DnsSettings, HostSettings, NetworkSettings, ProxySettings, RegistryScheme,
    RegistrySettings, Settings, TemplateSettings,
};
