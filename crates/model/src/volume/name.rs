//! Names of volumes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest name, bytes: that of a file.
const NAME_MAX_BYTES: usize = 255;

/// The name of a volume, as Apple's tool and Docker have it: `[A-Za-z0-9][A-Za-z0-9_.-]*`. It is a file name and cannot leave its directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VolumeName(String);

/// Text that is no name of a volume.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid volume name {0:?}: 1 to {NAME_MAX_BYTES} letters, digits, \"_\", \".\" or \"-\" are needed, beginning with a letter or digit"
)]
pub struct VolumeNameError(String);

impl VolumeName {
    /// A name that no volume has: that of an anonymous volume, a UUID as in Apple's tool.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VolumeName {
    type Err = VolumeNameError;

    fn from_str(text: &str) -> Result<Self, VolumeNameError> {
        let is_first = |byte: &u8| byte.is_ascii_alphanumeric();
        let is_sound = |byte: &u8| is_first(byte) || matches!(byte, b'_' | b'.' | b'-');
        let bytes = text.as_bytes();
        if bytes.len() <= NAME_MAX_BYTES && bytes.first().is_some_and(is_first) && bytes.iter().all(is_sound) {
            Ok(Self(text.to_owned()))
        } else {
            Err(VolumeNameError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for VolumeName {
    type Error = VolumeNameError;

    fn try_from(text: String) -> Result<Self, VolumeNameError> {
        text.parse()
    }
}

impl From<VolumeName> for String {
    fn from(name: VolumeName) -> Self {
        name.0
    }
}

impl fmt::Display for VolumeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_apple_s_tool() {
        for good in ["a", "pg-data_1.x", "0", "Data", &"n".repeat(255)] {
            assert_eq!(good.parse::<VolumeName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "-a",
            "_a",
            ".a",
            "a/b",
            "a b",
            "ä",
            "a\0",
            &"n".repeat(256),
        ] {
            assert!(bad.parse::<VolumeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn anonymous_volumes_have_names_of_their_own() {
        let (one, other) = (VolumeName::random(), VolumeName::random());
        assert_ne!(one, other);
        assert_eq!(one.as_str().parse::<VolumeName>().unwrap(), one);
    }
}
