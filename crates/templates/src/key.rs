//! What a template is found by.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use container_oci::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised when templates of this program could be misunderstood by another one: the two then do not find each other's.
const FORMAT: &str = "container-template=1\n";

/// Names everything that a template depends on: the SHA-256 of it, of which the 64 lower-case hexadecimal digits are the name of its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateKey(Digest);

/// A text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key of a template has 64 lower-case hexadecimal digits")]
pub struct TemplateKeyError;

impl TemplateKey {
    /// The key of a template that depends on these facts, each a name and a value: the same for the same facts in any order. Names are words without `=` or line
    /// breaks; values may be any text.
    #[must_use]
    pub fn of(facts: &[(&str, String)]) -> Self {
        let mut sorted: Vec<_> = facts.iter().collect();
        sorted.sort();
        let mut text = FORMAT.to_owned();
        for (name, value) in sorted {
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={value}");
        }
        Self(Digest::Sha256(Sha256::digest(text).into()))
    }
}

impl fmt::Display for TemplateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.hex())
    }
}

impl FromStr for TemplateKey {
    type Err = TemplateKeyError;

    fn from_str(text: &str) -> Result<Self, TemplateKeyError> {
        let digest = format!("sha256:{text}").parse().map_err(|_| TemplateKeyError)?;
        Ok(Self(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(facts: &[(&str, &str)]) -> TemplateKey {
        let facts: Vec<_> = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        TemplateKey::of(&facts)
    }

    #[test]
    fn facts_decide_and_not_their_order() {
        assert_eq!(key(&[("a", "1"), ("b", "2")]), key(&[("b", "2"), ("a", "1")]));
        assert_ne!(key(&[("a", "1"), ("b", "2")]), key(&[("a", "2"), ("b", "1")]));
        assert_ne!(key(&[("a", "1")]), key(&[]));
    }

    #[test]
    fn a_value_cannot_pose_as_another_fact() {
        assert_ne!(key(&[("a", "1\nb=2")]), key(&[("a", "1"), ("b", "2")]));
        assert_ne!(key(&[("a", "\n")]), key(&[("a", "\\n")]));
    }

    #[test]
    fn only_what_is_printed_is_read() {
        let key = key(&[("a", "1")]);
        let text = key.to_string();
        assert_eq!((text.len(), text.parse()), (64, Ok(key)));
        for other in [
            "",
            "../../x",
            &text[1..],
            &text.to_uppercase(),
            &format!(" {text}"),
            &format!("{text}0"),
        ] {
            assert_eq!(other.parse::<TemplateKey>(), Err(TemplateKeyError), "{other}");
        }
    }

    /// What a later version of this program must not change without changing [`FORMAT`].
    #[test]
    fn a_key_is_the_hash_of_the_facts_as_lines() {
        let text = "container-template=1\nkernel=k\nlayers=x\\ny\n";
        let expected = Digest::Sha256(Sha256::digest(text).into()).hex();
        assert_eq!(key(&[("layers", "x\ny"), ("kernel", "k")]).to_string(), expected);
    }
}
