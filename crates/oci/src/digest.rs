//! Digests, as in image-spec `descriptor.md`, "Digests".
//!
//! Only the two registered algorithms are accepted, because digests of others could not be verified.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A registered digest algorithm (image-spec `descriptor.md`, "Registered algorithms").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the usual one.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// An algorithm and its value. Prints as `sha256:<64 lower-case hex digits>`.
///
/// `oci-spec`'s digest is a text that may name any algorithm, so that one which cannot be verified goes unnoticed; it can neither be copied
/// nor ordered. The two convert into each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    /// A SHA-256 value.
    Sha256([u8; 32]),
    /// A SHA-512 value.
    Sha512([u8; 64]),
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// There is no colon in it.
    #[error("a digest looks like sha256:<hex>")]
    NoAlgorithm,
    /// The algorithm is not one that can be checked.
    #[error("the digest algorithm is neither sha256 nor sha512")]
    UnknownAlgorithm,
    /// The value is not that many lower-case hexadecimal digits.
    #[error("a {algorithm} digest has {digits} lower-case hexadecimal digits")]
    BadValue {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// How many digits its value has.
        digits: usize,
    },
}

impl Digest {
    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// The raw value.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(value) => value,
            Self::Sha512(value) => value,
        }
    }

    /// The value as lower-case hexadecimal digits, which is safe as a file name.
    #[must_use]
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let nibbles = self.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
    }

    /// The first twelve hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(12);
        hex
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, value) = text.split_once(':').ok_or(DigestError::NoAlgorithm)?;
        match algorithm {
            "sha256" => decode(value).map(Self::Sha256).ok_or(DigestError::BadValue {
                algorithm: "sha256",
                digits: 64,
            }),
            "sha512" => decode(value).map(Self::Sha512).ok_or(DigestError::BadValue {
                algorithm: "sha512",
                digits: 128,
            }),
            _ => Err(DigestError::UnknownAlgorithm),
        }
    }
}

fn decode<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let hex = hex.as_bytes();
    if hex.len() != 2 * N {
        return None;
    }
    let mut value = [0; N];
    for (byte, pair) in value.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(value)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm().name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn prints_as_it_was_read() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(digest.short(), "e3b0c44298fc");
    }

    #[test]
    fn refuses_what_cannot_be_checked_or_leaves_the_directory() {
        for (text, error) in [
            ("e3b0c442", DigestError::NoAlgorithm),
            ("md5:d41d8cd98f00b204e9800998ecf8427e", DigestError::UnknownAlgorithm),
            (
                "sha256:../../../etc/passwd",
                DigestError::BadValue {
                    algorithm: "sha256",
                    digits: 64,
                },
            ),
            (
                &EMPTY.to_uppercase().replace("SHA", "sha"),
                DigestError::BadValue {
                    algorithm: "sha256",
                    digits: 64,
                },
            ),
            (
                &EMPTY[..EMPTY.len() - 1],
                DigestError::BadValue {
                    algorithm: "sha256",
                    digits: 64,
                },
            ),
        ] {
            assert_eq!(text.parse::<Digest>().unwrap_err(), error, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_value_round_trips(low: [u8; 32], high: [u8; 32]) {
            let mut long = [0; 64];
            long[..32].copy_from_slice(&low);
            long[32..].copy_from_slice(&high);
            for digest in [Digest::Sha256(low), Digest::Sha512(long)] {
                prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
            }
        }

        #[test]
        fn accepts_nothing_but_hex(text in "\\PC*") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert_eq!(digest.to_string(), text);
            }
        }
    }
}
