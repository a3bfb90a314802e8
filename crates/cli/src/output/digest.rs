//! Digests for people.

use container_oci::Digest;

/// The first twelve digits, as everywhere in this field.
pub(crate) fn short(digest: &Digest) -> String {
    digest.hex().chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_digest_has_twelve_digits_and_no_algorithm() {
        assert_eq!(short(&Digest::Sha256([0xab; 32])), "abababababab");
    }
}
