//! The settings themselves, with their defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use container_model::{ByteSize, Resources};
use container_oci::RegistryHost;
use serde::{Serialize, Serializer};

use crate::SettingsError;
use crate::document::{self, Entries};
use crate::validate::validate;

/// The settings that are in effect. Serialised, they have the shape and the names of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// `[container]`: what `run` and `create` do without flags.
    pub container: ContainerSettings,
    /// `[registry]`: how to talk to registries.
    pub registry: RegistrySettings,
}

/// Defaults of new containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ContainerSettings {
    /// Virtual processors; `None` leaves the number to the hypervisor, because under emulation each further one costs start-up time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Memory.
    #[serde(serialize_with = "size")]
    pub memory: ByteSize,
}

/// Memory of a container for which neither a flag nor a file names one.
const DEFAULT_MEMORY: ByteSize = ByteSize(Resources::DEFAULT_MEMORY_BYTES);

/// How to talk to registries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RegistrySettings {
    /// The registry of image names that name none; Docker Hub by default.
    pub domain: RegistryHost,
    /// PEM files with certificate authorities that are trusted for all registries, besides those of the system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<PathBuf>,
    /// Settings of single registries, by their names in references.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<RegistryHost, HostSettings>,
}

/// How to talk to one registry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostSettings {
    /// Mirrors that a pull asks before the registry itself, in this order: each a host, or an `http://` or `https://` URL without a
    /// path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// http or https, where the command line does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<RegistryScheme>,
    /// PEM files with certificate authorities that are trusted for this registry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<PathBuf>,
}

/// `scheme` of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryScheme {
    /// Plain http for this machine and for private IPv4 addresses, else https.
    Auto,
    /// Plain http.
    Http,
    /// https.
    Https,
}

impl Default for ContainerSettings {
    fn default() -> Self {
        Self {
            cpus: None,
            memory: DEFAULT_MEMORY,
        }
    }
}

impl Settings {
    /// Reads the files, which are given in the order in which they win, and checks what they say.
    ///
    /// # Errors
    /// [`SettingsError`]: a file that cannot be read or is not TOML, an unknown key, a value that is not allowed.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Result<Self, SettingsError> {
        let mut entries = Entries::new();
        for file in files {
            for (key, entry) in document::read(file.as_ref())? {
                entries.entry(key).or_insert(entry);
            }
        }
        validate(&entries)
    }
}

fn size<S: Serializer>(size: &ByteSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(texts: &[&str]) -> Result<Settings, SettingsError> {
        let root = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..texts.len())
            .map(|index| root.path().join(index.to_string()))
            .collect();
        for (file, text) in files.iter().zip(texts) {
            std::fs::write(file, text).unwrap();
        }
        Settings::load(&files)
    }

    #[test]
    fn without_files_everything_is_the_default() {
        let settings = Settings::load(&["/nowhere/config.toml"]).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.registry.domain.as_str(), "docker.io");
        assert_eq!(settings.container.memory.0, 1 << 30);
    }

    #[test]
    fn the_first_file_that_has_a_key_wins() {
        let settings = load(&[
            "[container]\ncpus = 2\n[registry.hosts.\"docker.io\"]\nmirrors = [\"one\"]",
            "[container]\ncpus = 8\nmemory = \"2g\"\n[registry.hosts.\"index.docker.io\"]\nmirrors = [\"two\"]\nscheme = \"https\"",
        ])
        .unwrap();
        assert_eq!(settings.container.cpus, Some(2));
        assert_eq!(settings.container.memory, ByteSize(2 << 30));
        let hub = &settings.registry.hosts[&RegistryHost::default()];
        assert_eq!(hub.mirrors, ["one"]);
        assert_eq!(hub.scheme, Some(RegistryScheme::Https));
    }

    #[test]
    fn the_first_file_wins_also_where_it_has_another_name_of_the_registry() {
        let settings = load(&[
            "registry.hosts.\"index.docker.io\".mirrors = [\"one\"]",
            "registry.hosts.\"docker.io\".mirrors = [\"two\"]",
        ])
        .unwrap();
        assert_eq!(settings.registry.hosts[&RegistryHost::default()].mirrors, ["one"]);
    }

    #[test]
    fn what_is_printed_reads_back() {
        let text = "[container]\ncpus = 3\nmemory = \"512mb\"\n[registry]\ndomain = \"ghcr.io\"\nca-files = [\"/a.pem\"]\n\
            [registry.hosts.\"localhost:5000\"]\nmirrors = [\"http://127.0.0.1:5055\"]\nscheme = \"http\"\nca-files = [\"/b.pem\"]\n";
        let settings = load(&[text]).unwrap();
        let printed = toml::to_string(&settings).unwrap();
        assert_eq!(load(&[&printed]).unwrap(), settings, "{printed}");
    }
}
