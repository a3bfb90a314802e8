//! From the files to the settings.

use std::path::Path;

use crate::document::{self, Entries};
use crate::validate::validate;
use crate::{Settings, SettingsError};

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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use container_model::ByteSize;
    use container_oci::RegistryHost;

    use super::*;
    use crate::RegistryScheme;

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
        assert!(settings.templates.enabled && settings.templates.max_size.0 == 4 << 30);
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
            [registry.hosts.\"localhost:5000\"]\nmirrors = [\"http://127.0.0.1:5055\"]\nscheme = \"http\"\nca-files = [\"/b.pem\"]\n\
            [build]\ncache-max-size = \"3gb\"\n[templates]\nenabled = false\nmax-size = \"1gb\"\n";
        let settings = load(&[text]).unwrap();
        let printed = toml::to_string(&settings).unwrap();
        assert_eq!(load(&[&printed]).unwrap(), settings, "{printed}");
        assert_eq!(settings.build.cache_max_size, ByteSize(3 << 30));
        assert!(!settings.templates.enabled && settings.templates.max_size == ByteSize(1 << 30));
    }
}
