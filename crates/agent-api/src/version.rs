//! The version handshake.
//!
//! Host and guest are built from one tree and shipped together; a mismatch means a stale initramfs, and is an error with
//! both numbers rather than a guess at what still works.

/// Version of `container.agent.v1` spoken by this build. Raised by every change that an older peer would misunderstand.
pub const PROTOCOL_VERSION: u32 = 2;

/// The two sides speak different versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionMismatch {
    /// What the peer announced.
    pub peer: u32,
    /// What this build speaks.
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

/// Accepts the peer's version or says how it differs.
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
