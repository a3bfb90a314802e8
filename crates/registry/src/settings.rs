//! What the user has configured about registries. Plain data: where it comes from is the caller's business.

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
    /// Asked in this order, before the registry itself, for what is pulled: `mirror.example` or `http://127.0.0.1:5000`.
    pub mirrors: Vec<String>,
    /// How to talk to the registry, unless the command says otherwise.
    pub scheme: Option<Scheme>,
    /// PEM files with certificate authorities that are trusted for this registry only.
    pub ca_files: Vec<PathBuf>,
}
