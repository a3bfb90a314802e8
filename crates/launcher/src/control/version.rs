//! Versions of the control protocol.
//!
//! A container keeps the launcher that it was started with, so that a front end meets launchers of other releases. A version is raised
//! by a change that the other side would misunderstand; calls and fields that it may ignore need none.

use std::fmt;

use super::v1::VersionRange;

/// What this program speaks.
pub const SPOKEN_VERSIONS: VersionRange = VersionRange { oldest: 1, newest: 1 };

/// Version of this program, as it introduces itself.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a launcher speaks that does not know `Hello`.
pub(super) const VERSION_WITHOUT_HELLO: u32 = 1;

impl VersionRange {
    /// The highest version in both ranges.
    pub(super) fn highest_common(self, other: Self) -> Option<u32> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { oldest, newest } = self;
        if oldest == newest {
            write!(f, "version {newest}")
        } else {
            write!(f, "versions {oldest} to {newest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(oldest: u32, newest: u32) -> VersionRange {
        VersionRange { oldest, newest }
    }

    #[test]
    fn the_highest_common_version_is_agreed_on() {
        for (ours, theirs, agreed) in [
            (range(1, 1), range(1, 1), Some(1)),
            (range(1, 3), range(2, 5), Some(3)),
            (range(2, 5), range(1, 3), Some(3)),
            (range(1, 4), range(2, 3), Some(3)),
            (range(1, 2), range(3, 4), None),
            (range(3, 4), range(1, 2), None),
            // A side that contradicts itself, and one that says nothing.
            (range(1, 4), range(3, 2), None),
            (range(1, 4), VersionRange::default(), None),
        ] {
            assert_eq!(ours.highest_common(theirs), agreed, "{ours} and {theirs}");
        }
    }

    #[test]
    fn launchers_without_hello_are_still_spoken_to() {
        let theirs = range(VERSION_WITHOUT_HELLO, VERSION_WITHOUT_HELLO);
        assert_eq!(SPOKEN_VERSIONS.highest_common(theirs), Some(VERSION_WITHOUT_HELLO));
    }
}
