//! `kernel/source.toml`: which source package, which version, which digests.

use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;

/// The content of `kernel/source.toml`.
#[derive(Debug)]
pub(crate) struct Pin {
    /// Debian's package.
    pub(crate) package: String,
    /// The long-term series that another version must belong to.
    pub(crate) series: String,
    /// Path of the tarball inside the package.
    pub(crate) tarball: String,
    /// The version that everything is tested with.
    pub(crate) version: String,
    /// Digests of the tarball by package version.
    pub(crate) sha256: BTreeMap<String, String>,
}

impl Pin {
    /// Reads `kernel/source.toml`.
    ///
    /// # Errors
    /// When it cannot be read or a key is missing.
    pub(crate) fn read() -> Result<Self> {
        let path = workspace::root().join("kernel/source.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        let word = |key: &str| -> Result<String> {
            Ok(table
                .get(key)
                .and_then(toml::Value::as_str)
                .with_context(|| format!("`{key}` is missing"))?
                .to_owned())
        };
        let digests = table
            .get("sha256")
            .and_then(toml::Value::as_table)
            .context("`sha256` is missing")?;
        let sha256: BTreeMap<String, String> = digests
            .iter()
            .filter_map(|(version, digest)| Some((version.clone(), digest.as_str()?.to_owned())))
            .collect();
        let pin = Self {
            package: word("package")?,
            series: word("series")?,
            tarball: word("tarball")?,
            version: word("version")?,
            sha256,
        };
        pin.pinned_sha256()?;
        Ok(pin)
    }

    /// The digest of the pinned version.
    ///
    /// # Errors
    /// When the table has none for it.
    pub(crate) fn pinned_sha256(&self) -> Result<&str> {
        let digest = self
            .sha256
            .get(&self.version)
            .with_context(|| format!("no digest for the pinned version {}", self.version))?;
        Ok(digest)
    }

    /// Is `version` a release of the series that we build?
    pub(crate) fn in_series(&self, version: &str) -> bool {
        version
            .strip_prefix(&self.series)
            .is_some_and(|rest| rest.starts_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_file_has_a_digest_for_the_pinned_version() {
        let pin = Pin::read().unwrap();
        assert_eq!(pin.pinned_sha256().unwrap().len(), 64);
        assert!(pin.in_series(&pin.version));
    }

    #[test]
    fn another_series_is_not_ours() {
        let pin = Pin::read().unwrap();
        assert!(pin.in_series(&format!("{}.200-1", pin.series)));
        assert!(!pin.in_series("6.120.1-1"));
        assert!(!pin.in_series("7.0.1-1"));
    }

    #[test]
    fn a_pin_without_digest_is_refused() {
        let text = "package='p'\nseries='6.12'\ntarball='t'\nversion='6.12.1'\n[sha256]\n'6.12.2'='00'\n";
        assert!(Pin::parse(text).unwrap_err().to_string().contains("6.12.1"));
    }
}
