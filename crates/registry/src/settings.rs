//! Settings of registries, as plain data: the caller reads them from wherever they are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::Scheme;

/// Settings of all registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Settings of single registries, by their name as in references (`docker.io`, `127.0.0.1:5000`).
    pub hosts: BTreeMap<String, HostSettings>,
    /// PEM files with certificate authorities that are trusted besides the system's.
    pub ca_files: Vec<PathBuf>,
}

/// Settings of one registry, or of a mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// Mirrors that a pull asks in this order before the registry itself: `mirror.example` or `http://127.0.0.1:5000`.
    pub mirrors: Vec<String>,
    /// http or https, unless the command says otherwise.
    pub scheme: Option<Scheme>,
    /// PEM files with certificate authorities that are trusted for this registry only.
    pub ca_files: Vec<PathBuf>,
}
