//! Hashing.

use container_oci::{Algorithm, Digest};
use ring::digest::{Context, SHA256, SHA512};

/// A digest in the making.
pub(crate) struct Hasher {
    context: Context,
    algorithm: Algorithm,
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let context = Context::new(match algorithm {
            Algorithm::Sha256 => &SHA256,
            Algorithm::Sha512 => &SHA512,
        });
        Self { context, algorithm }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        let value = self.context.finish();
        match self.algorithm {
            Algorithm::Sha256 => Digest::Sha256(fixed(value.as_ref())),
            Algorithm::Sha512 => Digest::Sha512(fixed(value.as_ref())),
        }
    }

    /// The digest of bytes that are all here.
    pub(crate) fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hasher = Self::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }
}

fn fixed<const N: usize>(value: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(value);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let hex = |algorithm| Hasher::of(algorithm, b"abc").hex();
        assert!(hex(Algorithm::Sha256).starts_with("ba7816bf8f01cfea"));
        assert!(hex(Algorithm::Sha512).starts_with("ddaf35a193617aba"));
    }
}
