//! The version handshake.
//!
//! Host and guest are built from one tree and shipped together. A mismatch means an initramfs of another build; it is an error with
//! both numbers.

/// Version of `container.agent.v1` spoken by this build. It has to be raised with every change that an older peer would misunderstand.
pub const PROTOCOL_VERSION: u32 = 3;

/// The two sides speak different versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionMismatch {
    /// The peer's version.
    pub peer: u32,
    /// This build's version.
    pub ours: u32,
}

impl std::fmt::Display for VersionMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the peer speaks agent protocol version {}, this build version {}",
            self.peer, self.ours
        )
    }
}

impl std::error::Error for VersionMismatch {}

/// Checks that the peer speaks this build's version.
///
/// # Errors
/// [`VersionMismatch`] when `peer` is not [`PROTOCOL_VERSION`].
pub fn check_version(peer: u32) -> Result<(), VersionMismatch> {
    if peer == PROTOCOL_VERSION {
        Ok(())
    } else {
        Err(VersionMismatch {
            peer,
            ours: PROTOCOL_VERSION,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_version_is_accepted_and_others_are_named() {
        assert_eq!(check_version(PROTOCOL_VERSION), Ok(()));
        let mismatch = check_version(PROTOCOL_VERSION + 1).unwrap_err();
        assert!(mismatch.to_string().contains(&(PROTOCOL_VERSION + 1).to_string()));
    }
}
