//! Directories of the host that a machine sees.

use std::fmt;
use std::path::PathBuf;

use super::ConfigError;

/// Tag of the one file-system device that has all shared directories: the guest mounts it once (`mount -t virtiofs`) and finds each
/// directory under its name there.
pub const SHARES_TAG: &str = "container-shares";

/// Longest name of a shared directory, bytes: as long as a disk's serial.
const SHARE_NAME_MAX_BYTES: usize = 20;

/// A host directory that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedDirectory {
    /// Its name within the device. One directory that is shared twice, once for reading and once for writing, has two.
    pub name: ShareName,
    /// Host directory.
    pub path: PathBuf,
    /// Whether the guest may write.
    pub access: ShareAccess,
}

/// Whether a guest may write to a shared directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareAccess {
    /// The host refuses every change.
    ReadOnly,
    /// The guest may do what the user may who runs the machine.
    ReadWrite,
}

/// A shared directory's name: 1-20 characters of `[a-z0-9-]`, so that it is a file name on every host and no backend refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShareName(String);

impl ShareName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`ConfigError::ShareName`].
    pub fn new(text: impl Into<String>) -> Result<Self, ConfigError> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > SHARE_NAME_MAX_BYTES || !text.bytes().all(allowed) {
            return Err(ConfigError::ShareName { name: text });
        }
        Ok(Self(text))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShareName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_shares_are_file_names_on_every_host() {
        assert!(ShareName::new("share-0").is_ok());
        for bad in ["", ".", "..", "a/b", "A", "ä", "123456789012345678901"] {
            assert!(ShareName::new(bad).is_err(), "{bad:?}");
        }
    }
}
