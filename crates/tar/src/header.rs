//! The 512-byte header of an entry (POSIX `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").

use crate::number::field;

/// Headers and contents start at multiples of this.
pub(crate) const RECORD_BYTES: usize = 512;

/// A header with a valid checksum.
pub(crate) struct Header<'a>(&'a [u8; RECORD_BYTES]);

impl<'a> Header<'a> {
    /// Checks the checksum, which may have been computed over signed or unsigned bytes.
    pub(crate) fn parse(bytes: &'a [u8; RECORD_BYTES]) -> Option<Self> {
        let stored = field(&bytes[148..156])?;
        let (mut unsigned, mut signed) = (8 * i64::from(b' '), 8 * i64::from(b' '));
        for byte in bytes[..148].iter().chain(&bytes[156..]) {
            unsigned += i64::from(*byte);
            signed += i64::from(byte.cast_signed());
        }
        (stored == unsigned || stored == signed).then_some(Self(bytes))
    }

    /// The type flag.
    pub(crate) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// The name, with the prefix where the format has one.
    pub(crate) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let posix = &self.0[257..263] == b"ustar\0";
        // star keeps times in the last part of the prefix.
        let star = &self.0[508..512] == b"tar\0";
        let prefix = match (posix, star) {
            (true, true) => text(&self.0[345..476]),
            (true, false) => text(&self.0[345..500]),
            _ => b"",
        };
        if prefix.is_empty() {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        }
    }

    pub(crate) fn link(&self) -> &'a [u8] {
        text(&self.0[157..257])
    }

    pub(crate) fn mode(&self) -> Option<i64> {
        field(&self.0[100..108])
    }

    pub(crate) fn uid(&self) -> Option<i64> {
        field(&self.0[108..116])
    }

    pub(crate) fn gid(&self) -> Option<i64> {
        field(&self.0[116..124])
    }

    pub(crate) fn size(&self) -> Option<u64> {
        field(&self.0[124..136])?.try_into().ok()
    }

    pub(crate) fn modified(&self) -> Option<i64> {
        field(&self.0[136..148])
    }

    pub(crate) fn device(&self) -> Option<(u32, u32)> {
        Some((
            field(&self.0[329..337])?.try_into().ok()?,
            field(&self.0[337..345])?.try_into().ok()?,
        ))
    }

    /// The map of an old GNU sparse file: four pairs, whether more follow in records of their own, and the real size.
    pub(crate) fn gnu_sparse(&self) -> (&'a [u8], bool, Option<u64>) {
        let real_size = field(&self.0[483..495]).and_then(|size| size.try_into().ok());
        (&self.0[386..482], self.0[482] != 0, real_size)
    }
}

/// Whether `bytes` start with a tar header, or with the zeros that end a tar.
pub fn is_tar_header(bytes: &[u8]) -> bool {
    let Some(first) = bytes.first_chunk::<RECORD_BYTES>() else {
        return bytes.is_empty();
    };
    first.iter().all(|byte| *byte == 0) || Header::parse(first).is_some()
}

/// A field up to its first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    &bytes[..end]
}
