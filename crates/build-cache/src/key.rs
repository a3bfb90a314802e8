//! Keys.

use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Raised when equal descriptions begin to mean other results, so that no layer of an older program is taken for one of them.
const FORMAT: u32 = 1;

/// The digest of everything that the result of a step depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey([u8; 32]);

/// What is hashed.
#[derive(Serialize)]
struct Described<'a, T> {
    format: u32,
    step: &'a T,
}

impl CacheKey {
    /// The key of a step that is described by `step`, which has to be written the same way each time: structs and sorted maps.
    ///
    /// # Errors
    /// When `step` cannot be written as JSON, as a map whose keys are no texts.
    pub fn of(step: &impl Serialize) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_vec(&Described { format: FORMAT, step })?;
        Ok(Self(Sha256::digest(text).into()))
    }

    /// The digest of a text, as a name of a file.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The key that is the name of a file.
    pub(crate) fn from_hex(hex: &str) -> Option<Self> {
        let mut key = [0; 32];
        if hex.len() != 2 * key.len() || !hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, place) in key.iter_mut().zip((0..hex.len()).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()?;
        }
        Some(Self(key))
    }
}

impl fmt::Display for CacheKey {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_descriptions_have_equal_keys_and_others_do_not() {
        let key = |words: &[&str]| CacheKey::of(&words).unwrap();
        assert_eq!(key(&["a", "bc"]), key(&["a", "bc"]));
        assert_ne!(key(&["a", "bc"]), key(&["ab", "c"]));
    }

    proptest! {
        #[test]
        fn a_key_is_read_back_from_its_text(bytes: [u8; 32]) {
            prop_assert_eq!(CacheKey::from_hex(&CacheKey(bytes).to_string()), Some(CacheKey(bytes)));
        }

        #[test]
        fn other_names_are_no_keys(name in "\\PC{0,80}") {
            let is_key = name.len() == 64 && name.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
            prop_assert_eq!(CacheKey::from_hex(&name).is_some(), is_key);
        }
    }
}
