//! The token with which a host authenticates itself to its guest.
//!
//! A machine gets a random token when it boots, and its agent takes calls only from a peer that shows this token in its first `Hello`.
//! The token is accepted once: the agent listens to no other peer after that call, so that a program in the guest that reads the token
//! later cannot use it.

use std::fmt;
use std::hint::black_box;

/// Kernel command line key of the token: `container.token=` and 64 hexadecimal digits.
pub const AGENT_TOKEN_KEY: &str = "container.token";

/// Length of a token, bytes: too many to be guessed.
pub const AGENT_TOKEN_BYTES: usize = 32;

/// A token. Its `Debug` form hides it.
#[derive(Clone)]
pub struct AgentToken([u8; AGENT_TOKEN_BYTES]);

impl AgentToken {
    /// Makes a token of random bytes, which the caller takes from the system's random source.
    #[must_use]
    pub fn new(random: [u8; AGENT_TOKEN_BYTES]) -> Self {
        Self(random)
    }

    /// Reads a token as [`AgentToken::to_hex`] writes it; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 2 * AGENT_TOKEN_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut token = [0; AGENT_TOKEN_BYTES];
        for (index, byte) in token.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(token))
    }

    /// The token as lower-case hexadecimal digits, for the kernel command line.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The token for a `Hello`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// Whether `shown` is this token. The time of the comparison does not depend on where the two differ.
    #[must_use]
    pub fn matches(&self, shown: &[u8]) -> bool {
        if shown.len() != AGENT_TOKEN_BYTES {
            return false;
        }
        let differing_bits = self
            .0
            .iter()
            .zip(shown)
            .fold(0, |differing, (ours, theirs)| black_box(differing | (ours ^ theirs)));
        black_box(differing_bits) == 0
    }
}

impl fmt::Debug for AgentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentToken(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_kernel_command_line() {
        let token = AgentToken::new(std::array::from_fn(|index| index as u8 * 7));
        let read = AgentToken::from_hex(&token.to_hex()).unwrap();
        assert_eq!(read.to_bytes(), token.to_bytes());
    }

    #[test]
    fn only_the_same_token_matches() {
        let token = AgentToken::new([7; AGENT_TOKEN_BYTES]);
        assert!(token.matches(&[7; AGENT_TOKEN_BYTES]));
        for index in 0..AGENT_TOKEN_BYTES {
            let mut other = [7; AGENT_TOKEN_BYTES];
            other[index] ^= 0x80;
            assert!(!token.matches(&other), "{index}");
        }
        assert!(!token.matches(&[]));
        assert!(!token.matches(&[7; AGENT_TOKEN_BYTES + 1]));
    }

    #[test]
    fn other_texts_are_not_read_as_tokens() {
        let digits = "0".repeat(2 * AGENT_TOKEN_BYTES);
        assert!(AgentToken::from_hex(&digits).is_some());
        for bad in [
            "",
            &digits[1..],
            &format!("{digits}0"),
            &format!("+{}", &digits[1..]),
            &format!("é{}", &digits[2..]),
        ] {
            assert!(AgentToken::from_hex(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown_in_messages() {
        let token = AgentToken::new([0xab; AGENT_TOKEN_BYTES]);
        assert_eq!(format!("{token:?}"), "AgentToken(_)");
    }
}
