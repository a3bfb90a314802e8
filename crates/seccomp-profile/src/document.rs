//! The document as it is written.

use serde::Deserialize;
use serde_json::Value;

use crate::error::ProfileError;

/// The longest document that is read. Docker's own has 13 KB.
const LENGTH_LIMIT_BYTES: usize = 256 * 1024;

/// A profile as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// What happens to calls without a rule.
    pub(crate) default_action: String,
    /// The error that they fail with if that is the action.
    #[serde(default)]
    pub(crate) default_errno_ret: Option<u32>,
    /// The runtime specification's list: `SCMP_ARCH_X86_64` …
    #[serde(default)]
    pub(crate) architectures: Option<Vec<String>>,
    /// Docker's list, with the architectures of which the processor has the system calls as well.
    #[serde(default)]
    pub(crate) arch_map: Option<Vec<ArchitectureEntry>>,
    #[serde(default)]
    pub(crate) syscalls: Option<Vec<Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ArchitectureEntry {
    pub(crate) architecture: String,
}

/// A rule for some system calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// The only name, in old documents.
    #[serde(default)]
    pub(crate) name: Option<String>,
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) errno_ret: Option<u32>,
    #[serde(default)]
    pub(crate) args: Option<Vec<Argument>>,
    #[serde(default)]
    pub(crate) includes: Option<Filter>,
    #[serde(default)]
    pub(crate) excludes: Option<Filter>,
}

/// A comparison of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Argument {
    pub(crate) index: u32,
    pub(crate) value: u64,
    #[serde(default)]
    pub(crate) value_two: u64,
    pub(crate) op: String,
}

/// When a rule applies, or does not. Docker's `minKernel` is met by every kernel that this program has: they are of later series.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    pub(crate) caps: Vec<String>,
    #[serde(default)]
    pub(crate) arches: Vec<String>,
}

impl Profile {
    /// Reads the document of a profile, whose shape [`Self::from_json`] looks at.
    ///
    /// # Errors
    /// When it is too long, or not JSON.
    pub fn document(text: &str) -> Result<Value, ProfileError> {
        if text.len() > LENGTH_LIMIT_BYTES {
            return Err(ProfileError::TooLong {
                limit_bytes: LENGTH_LIMIT_BYTES,
            });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The profile that a document says.
    ///
    /// # Errors
    /// When it has not the right shape. Its rules are looked at by [`Self::program`].
    pub fn from_json(document: &Value) -> Result<Self, ProfileError> {
        Ok(Self::deserialize(document)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profile, ProfileError> {
        Profile::from_json(&Profile::document(text)?)
    }

    #[test]
    fn what_is_no_profile_is_told_with_its_place() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert!(error("{").contains("line 1 column 1"), "{}", error("{"));
        assert!(error("{}").contains("defaultAction"), "{}", error("{}"));
        assert!(error(&" ".repeat(LENGTH_LIMIT_BYTES + 1)).contains("longer than 262144 bytes"));
    }

    #[test]
    fn lists_may_be_null_or_missing() {
        let text = r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":null,"archMap":null,"syscalls":null}"#;
        assert_eq!(parse(text), parse(r#"{"defaultAction":"SCMP_ACT_ALLOW"}"#));
    }
}
