//! What an entry carries besides its name and content.

use crate::xattr_name::split_name;

/// Owner, permissions, time and extended attributes of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits with setuid, setgid and sticky (`0o7777`); file type bits are ignored.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time; also written as access, change and creation time, so that equal input gives equal bytes.
    pub modified: Timestamp,
    /// Extended attributes by their full names, as the system calls take them.
    pub xattrs: Vec<Xattr>,
}

impl Metadata {
    /// Metadata of a directory that no entry describes: root's, 0755, at the start of 1970.
    #[must_use]
    pub fn implied_directory() -> Self {
        Self {
            mode: 0o755,
            ..Self::default()
        }
    }
}

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xattr {
    /// The full name, such as `user.comment` or `security.capability`.
    pub name: Vec<u8>,
    /// The value as `getxattr(2)` would return it, 64 KiB at most. POSIX ACLs are given in this form too and are converted to EXT4's own.
    pub value: Vec<u8>,
}

impl Xattr {
    /// Whether EXT4 can hold an attribute of this name: one of the name spaces `user.`, `trusted.`, `security.`, or a POSIX ACL.
    #[must_use]
    pub fn is_supported(name: &[u8]) -> bool {
        split_name(name).is_some()
    }
}

/// Seconds since 1970 (negative before) and nanoseconds within the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// The earliest and latest second an inode can hold: December 1901 to May 2446.
const EARLIEST_SECOND: i64 = i32::MIN as i64;
const LATEST_SECOND: i64 = i32::MIN as i64 + (4 << 32) - 1;

impl Timestamp {
    /// The low 32 bits of the seconds, and the extra field: nanoseconds above two epoch bits. Times out of range become the nearest possible.
    pub(crate) fn encode(self) -> (u32, u32) {
        let seconds = self.seconds.clamp(EARLIEST_SECOND, LATEST_SECOND);
        let low = seconds as i32;
        let epoch = ((seconds - i64::from(low)) >> 32) as u32 & 3;
        (low as u32, self.nanoseconds.min(999_999_999) << 2 | epoch)
    }
}

/// The number of a device node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceNumber {
    /// 12 bits.
    pub major: u32,
    /// 20 bits.
    pub minor: u32,
}

impl DeviceNumber {
    pub(crate) fn is_valid(self) -> bool {
        self.major < 1 << 12 && self.minor < 1 << 20
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    fn decode((low, extra): (u32, u32)) -> (i64, u32) {
        (i64::from(low as i32) + (i64::from(extra & 3) << 32), extra >> 2)
    }

    #[test]
    fn times_from_1901_to_2446_survive() {
        for seconds in [
            i64::from(i32::MIN),
            -1,
            0,
            1,
            i64::from(i32::MAX),
            1 << 31,
            1 << 32,
            3 << 32,
            15_032_385_535,
        ] {
            let time = Timestamp {
                seconds,
                nanoseconds: 999_999_999,
            };
            assert_eq!(decode(time.encode()), (seconds, 999_999_999));
        }
    }

    #[test]
    fn times_out_of_range_become_the_nearest() {
        assert_eq!(
            decode(
                Timestamp {
                    seconds: i64::MIN,
                    nanoseconds: 0
                }
                .encode()
            )
            .0,
            i64::from(i32::MIN)
        );
        assert_eq!(
            decode(
                Timestamp {
                    seconds: i64::MAX,
                    nanoseconds: 0
                }
                .encode()
            )
            .0,
            15_032_385_535
        );
    }
}
