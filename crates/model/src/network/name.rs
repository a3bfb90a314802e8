//! Names of networks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name, characters.
const NAME_MAX_LENGTH: usize = 63;

/// The name of a network, as Apple's tool has it: `[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?`. It is a file name and cannot leave its directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkName(String);

/// Text that is no name of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkNameError {
    /// It has other characters.
    #[error(
        "invalid network name {0:?}: 1 to {NAME_MAX_LENGTH} lower-case letters, digits, \"_\", \".\" or \"-\" are needed, beginning and ending with a letter or digit"
    )]
    Characters(String),
    /// `none` stands for the lack of a network.
    #[error("a network cannot be called \"none\": that stands for no network at all")]
    None,
}

impl NetworkName {
    /// The network of containers that ask for none in particular.
    pub const DEFAULT: &str = "default";

    /// The network of containers that ask for none in particular.
    #[must_use]
    pub fn default_network() -> Self {
        Self(Self::DEFAULT.to_owned())
    }

    /// Whether it is the network that is always there.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0 == Self::DEFAULT
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = NetworkNameError;

    fn from_str(text: &str) -> Result<Self, NetworkNameError> {
        if text == "none" {
            return Err(NetworkNameError::None);
        }
        let is_edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let has_edges =
            matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if is_edge(first) && is_edge(last));
        let is_sound = bytes
            .iter()
            .all(|&byte| is_edge(byte) || matches!(byte, b'_' | b'.' | b'-'));
        if has_edges && is_sound && text.len() <= NAME_MAX_LENGTH {
            Ok(Self(text.to_owned()))
        } else {
            Err(NetworkNameError::Characters(text.to_owned()))
        }
    }
}

impl TryFrom<String> for NetworkName {
    type Error = NetworkNameError;

    fn try_from(text: String) -> Result<Self, NetworkNameError> {
        text.parse()
    }
}

impl From<NetworkName> for String {
    fn from(name: NetworkName) -> Self {
        name.0
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_apple_s_tool() {
        for good in ["a", "default", "my-net_1.x", &"n".repeat(63)] {
            assert_eq!(good.parse::<NetworkName>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "-a", "a-", "a/b", "..", "ä", "a b", &"n".repeat(64)] {
            assert!(
                matches!(bad.parse::<NetworkName>(), Err(NetworkNameError::Characters(_))),
                "{bad}"
            );
        }
        assert_eq!("none".parse::<NetworkName>(), Err(NetworkNameError::None));
    }
}
