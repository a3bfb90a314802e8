//! Records of an extended header (POSIX `pax`, "pax Extended Header").

use crate::metadata::Timestamp;

/// The records of one entry, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct PaxRecords(Vec<u8>);

impl PaxRecords {
    /// Adds a record. Names that are not UTF-8 are written as they are: tar programs read them so.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        // The length counts its own digits.
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + digits(length) != length {
            length = rest + digits(length);
        }
        self.0.extend_from_slice(length.to_string().as_bytes());
        self.0.push(b' ');
        self.0.extend_from_slice(key);
        self.0.push(b'=');
        self.0.extend_from_slice(value);
        self.0.push(b'\n');
    }

    pub(super) fn add_number(&mut self, key: &[u8], value: u64) {
        self.add(key, value.to_string().as_bytes());
    }

    /// A time in seconds with a fraction. Times before 1970 count towards zero, unlike [`Timestamp`].
    pub(super) fn add_time(&mut self, key: &[u8], time: Timestamp) {
        let text = match (time.seconds, time.nanoseconds) {
            (seconds, 0) => seconds.to_string(),
            (seconds @ 0.., nanoseconds) => format!("{seconds}.{nanoseconds:09}"),
            (seconds, nanoseconds) => format!("-{}.{:09}", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanoseconds),
        };
        self.add(key, text.as_bytes());
    }

    /// An attribute, in the way of star and GNU tar, which have `=` and `%` of a name as `%3D` and `%25`.
    pub(super) fn xattr(&mut self, name: &[u8], value: &[u8]) {
        let mut key = b"SCHILY.xattr.".to_vec();
        for byte in name {
            match byte {
                b'=' => key.extend_from_slice(b"%3D"),
                b'%' => key.extend_from_slice(b"%25"),
                _ => key.push(*byte),
            }
        }
        self.add(&key, value);
    }

    /// What makes a file sparse (GNU tar manual, "PAX Format, Version 1.0").
    pub(super) fn sparse(&mut self, name: &[u8], size_bytes: u64) {
        self.add(b"GNU.sparse.major", b"1");
        self.add(b"GNU.sparse.minor", b"0");
        self.add(b"GNU.sparse.name", name);
        self.add_number(b"GNU.sparse.realsize", size_bytes);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}
