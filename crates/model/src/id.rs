//! Container ids.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest id, characters.
const ID_MAX_LENGTH: usize = 63;

/// The id of a container, which is also its name: `[A-Za-z0-9][A-Za-z0-9_.-]+`, at most 63 characters. It is a file name and
/// cannot leave its directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

/// Text that is no container id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid container name {0:?}: 2 to {ID_MAX_LENGTH} letters, digits, \"_\", \".\" or \"-\" are needed, beginning with a letter or digit"
)]
pub struct IdError(String);

impl ContainerId {
    /// A fresh random id: a lower-case UUID.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host name that a container of this id has by default: the first block of a UUID, else the id itself.
    #[must_use]
    pub fn hostname(&self) -> &str {
        match uuid::Uuid::try_parse(&self.0) {
            Ok(_) => self.0.split('-').next().unwrap_or(&self.0),
            Err(_) => &self.0,
        }
    }
}

impl FromStr for ContainerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if first && rest && (2..=ID_MAX_LENGTH).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ContainerId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> Self {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Words by which a user means a container: its name, or the beginning of it.
///
/// A type of its own, so that an id, which means one container exactly, cannot be looked up by the rules for words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerQuery(String);

impl ContainerQuery {
    /// What the user typed; any text.
    #[must_use]
    pub fn typed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words as they were typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ContainerQuery {
    fn from(text: String) -> Self {
        Self::typed(text)
    }
}

impl fmt::Display for ContainerQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_and_uuids_only() {
        for good in ["ab", "web-1", "A.b_c", &"x".repeat(63), ContainerId::random().as_str()] {
            assert!(good.parse::<ContainerId>().is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", ".a", "a/b", "..", "a b", "ä1", &"x".repeat(64)] {
            assert!(bad.parse::<ContainerId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn host_name_of_a_uuid_is_its_first_block() {
        let id = ContainerId::random();
        assert_eq!(id.hostname().len(), 8);
        assert_eq!("web-1".parse::<ContainerId>().unwrap().hostname(), "web-1");
    }

    proptest::proptest! {
        #[test]
        fn an_accepted_id_is_one_safe_file_name(text in ".{0,80}") {
            if let Ok(id) = text.parse::<ContainerId>() {
                proptest::prop_assert!(!id.as_str().contains('/') && id.as_str() != "..");
                proptest::prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
