//! Owner and mode of a file as a machine set them, where the host's differ.
//!
//! The text is `1:UID:GID:MODE/HOSTMODE`: a version, user and group in decimal, the mode and the host's permissions at that time in octal, each `-`
//! if it was not set. At most 64 bytes.

use std::ffi::CStr;

/// The extended attribute that has the record. It is hidden from machines.
pub(crate) const RECORD_NAME: &CStr = c"user.container.stat";

/// Longest text, bytes.
pub(crate) const MAXIMUM_BYTES: u32 = 64;

const VERSION: &str = "1";
const UNSET: &str = "-";

/// The bits of a mode besides the type of the file, and those that the host's files have.
pub(crate) const MODE_BITS: u32 = 0o7777;
pub(crate) const PERMISSION_BITS: u32 = 0o777;

/// What a machine set of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
    pub(crate) mode: Option<RecordedMode>,
}

/// A mode that the host's file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordedMode {
    /// The mode that is shown, without the type.
    pub(crate) mode: u32,
    /// The host's permissions that go with it. If the file has others, somebody changed them on the host, and they count.
    pub(crate) host: u32,
}

impl Record {
    /// Reads a record. One of another version, or damaged, is none.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(text).ok()?.split(':');
        if fields.next()? != VERSION {
            return None;
        }
        let (user, group, mode) = (fields.next()?, fields.next()?, fields.next()?);
        let is_whole = fields.next().is_none();
        let record = Self {
            user: optional(user, |digits| digits.parse().ok())?,
            group: optional(group, |digits| digits.parse().ok())?,
            mode: optional(mode, RecordedMode::parse)?,
        };
        is_whole.then_some(record)
    }

    pub(crate) fn text(self) -> String {
        let number = |number: Option<u32>| number.map_or(UNSET.to_owned(), |number| number.to_string());
        let mode = self
            .mode
            .map_or(UNSET.to_owned(), |mode| format!("{:o}/{:o}", mode.mode, mode.host));
        format!("{VERSION}:{}:{}:{mode}", number(self.user), number(self.group))
    }

    /// The mode without the type that a file with the host's mode `host` is shown with.
    pub(crate) fn mode(self, host: u32) -> u32 {
        match self.mode {
            Some(recorded) if recorded.host == host & PERMISSION_BITS => recorded.mode,
            // The host's programs with special bits have them for the host's users.
            _ => host & PERMISSION_BITS,
        }
    }
}

impl RecordedMode {
    fn parse(text: &str) -> Option<Self> {
        let (mode, host) = text.split_once('/')?;
        let octal = |digits, bits: u32| u32::from_str_radix(digits, 8).ok().filter(|number| number & !bits == 0);
        Some(Self {
            mode: octal(mode, MODE_BITS)?,
            host: octal(host, PERMISSION_BITS)?,
        })
    }
}

/// A field that may be unset; `None` if it is wrong.
fn optional<T>(field: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if field == UNSET {
        Some(None)
    } else {
        parse(field).map(Some)
    }
}

/// The mode of the host's file for a mode that a machine asks for: without special bits, and always with the permissions that this process needs.
pub(crate) fn host_mode(mode: u32, is_directory: bool) -> u32 {
    (mode & PERMISSION_BITS) | if is_directory { 0o700 } else { 0o600 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_set_is_a_dash() {
        let record = Record {
            user: Some(999),
            group: None,
            mode: Some(RecordedMode {
                mode: 0o2775,
                host: 0o775,
            }),
        };
        assert_eq!(record.text(), "1:999:-:2775/775");
        assert_eq!(Record::parse(b"1:-:-:-"), Some(Record::default()));
    }

    #[test]
    fn what_is_damaged_or_of_another_version_is_none() {
        for text in [
            "",
            "2:1:1:-",
            "1:1:1",
            "1:1:1:-:",
            "1:x:1:-",
            "1:1:1:8/7",
            "1:1:1:17777/0",
            "1:1:1:777/7777",
            "1:1:1:4755",
        ] {
            assert_eq!(Record::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Record::parse(b"1:\xff:1:-"), None);
    }

    #[test]
    fn permissions_that_were_changed_on_the_host_count() {
        let record = Record {
            mode: Some(RecordedMode {
                mode: 0o4500,
                host: 0o700,
            }),
            ..Record::default()
        };
        assert_eq!(record.mode(0o100_700), 0o4500);
        assert_eq!(record.mode(0o100_644), 0o644);
        assert_eq!(Record::default().mode(0o104_755), 0o755, "no special bits of the host");
    }

    #[test]
    fn the_host_s_file_can_always_be_opened_and_has_no_special_bits() {
        assert_eq!(host_mode(0o6000, false), 0o600);
        assert_eq!(host_mode(0o1777, true), 0o777);
        assert_eq!(host_mode(0, true), 0o700);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(user: Option<u32>, group: Option<u32>, mode in proptest::option::of((0..=MODE_BITS, 0..=PERMISSION_BITS))) {
            let record = Record { user, group, mode: mode.map(|(mode, host)| RecordedMode { mode, host }) };
            let text = record.text();
            prop_assert!(text.len() <= 64);
            prop_assert_eq!(Record::parse(text.as_bytes()), Some(record));
        }

        #[test]
        fn no_bytes_make_it_fail(text: Vec<u8>) {
            let _ = Record::parse(&text);
        }
    }
}
