//! The digest in an answer to a push.

use container_oci::Digest;

use crate::RegistryError;

/// Checks that the digest in the registry's answer is that of what it was sent.
pub(super) fn check_digest(actual: Option<Digest>, expected: &Digest, what: &str) -> Result<(), RegistryError> {
    match actual {
        // Digests of different algorithms cannot be compared.
        Some(actual) if actual != *expected && actual.algorithm() == expected.algorithm() => {
            Err(RegistryError::DigestMismatch {
                what: what.to_owned(),
                expected: *expected,
                actual,
            })
        }
        _ => Ok(()),
    }
}
