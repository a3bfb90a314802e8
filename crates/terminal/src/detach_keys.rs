//! The notation of detach keys, which is Docker's.

use std::fmt;
use std::str::FromStr;

/// The characters that may follow `ctrl-`; the control character is 64 less (ASCII).
const CONTROL_CHARACTERS: std::ops::RangeInclusive<u8> = b'@'..=b'_';

/// The keys that detach from a session without ending it, in the order in which they are typed. Without any, detaching is disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

/// A text does not name keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{key:?} is no key: expected are characters and ctrl-<character>, with commas between them, for example ctrl-p,ctrl-q"
)]
pub struct DetachKeysError {
    key: String,
}

impl DetachKeys {
    /// No keys: nobody can detach.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The bytes that a terminal sends for them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Default for DetachKeys {
    /// Ctrl-P Ctrl-Q.
    fn default() -> Self {
        Self(vec![0x10, 0x11])
    }
}

impl FromStr for DetachKeys {
    type Err = DetachKeysError;

    /// `ctrl-p,ctrl-q`, `ctrl-@`, `x,y,z`; an empty text for none.
    fn from_str(text: &str) -> Result<Self, DetachKeysError> {
        if text.is_empty() {
            return Ok(Self::none());
        }
        text.split(',').map(key).collect::<Result<_, _>>().map(Self)
    }
}

fn key(text: &str) -> Result<u8, DetachKeysError> {
    let byte = match text.as_bytes() {
        // Only a single ASCII character is one byte from the terminal.
        [byte] if byte.is_ascii() => Some(*byte),
        [b'c', b't', b'r', b'l', b'-', letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
        [b'c', b't', b'r', b'l', b'-', other] if CONTROL_CHARACTERS.contains(other) && !other.is_ascii_alphabetic() => {
            Some(other - b'@')
        }
        b"DEL" => Some(0x7f),
        _ => None,
    };
    byte.ok_or_else(|| DetachKeysError { key: text.to_owned() })
}

impl fmt::Display for DetachKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match byte {
                1..=26 => write!(f, "ctrl-{}", char::from(byte - 1 + b'a'))?,
                0..0x20 => write!(f, "ctrl-{}", char::from(byte + b'@'))?,
                0x7f => f.write_str("DEL")?,
                other => write!(f, "{}", char::from(*other))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(text: &str) -> Vec<u8> {
        text.parse::<DetachKeys>().unwrap().0
    }

    #[test]
    fn the_notation_is_dockers() {
        assert_eq!(bytes("ctrl-p,ctrl-q"), DetachKeys::default().0);
        assert_eq!(bytes("ctrl-@,ctrl-a,ctrl-z"), [0, 1, 26]);
        assert_eq!(
            bytes("ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL"),
            [27, 28, 29, 30, 31, 127]
        );
        assert_eq!(bytes("a,Q,~"), b"aQ~");
        assert_eq!(bytes(""), b"");
    }

    #[test]
    fn what_is_no_key_is_named() {
        for (text, key) in [
            ("ctrl-p,quit", "quit"),
            ("ctrl-P", "ctrl-P"),
            ("a,,b", ""),
            ("ctrl-1", "ctrl-1"),
            ("é", "é"),
        ] {
            let error = text.parse::<DetachKeys>().unwrap_err();
            assert_eq!(error.key, key, "{text}");
            assert!(error.to_string().contains("ctrl-p,ctrl-q"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_keys_print_as_they_are_read(text in "(.|ctrl-|,){0,8}") {
            if let Ok(keys) = text.parse::<DetachKeys>() {
                prop_assert_eq!(keys.to_string().parse(), Ok(keys));
            }
        }
    }
}
