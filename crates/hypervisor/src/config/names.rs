//! Names that the guest finds devices by: all of one form, which every backend and every file system takes.

use std::fmt;

/// Longest name, bytes: the size of virtio-blk's serial field (`VIRTIO_BLK_ID_BYTES`, virtio 1.2 section 5.2.6.1), and of the identifier
/// that Virtualization.framework takes for a disk.
const NAME_MAX_BYTES: usize = 20;

/// A text that is no name of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not 1-{NAME_MAX_BYTES} characters of a-z, 0-9 and \"-\"")]
pub struct NameError {
    /// What it was to name.
    pub what: &'static str,
    /// What was given.
    pub text: String,
}

fn parse(what: &'static str, text: String) -> Result<String, NameError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > NAME_MAX_BYTES || !text.bytes().all(allowed) {
        return Err(NameError { what, text });
    }
    Ok(text)
}

/// A disk's serial: 1-20 characters of `[a-z0-9-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DiskSerial(String);

impl DiskSerial {
    /// Parses a serial.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        parse("disk serial", text.into()).map(Self)
    }

    /// The serial as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DiskSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A shared directory's name: 1-20 characters of `[a-z0-9-]`, so that it is a file name on every host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShareName(String);

impl ShareName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        parse("name of a shared directory", text.into()).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShareName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_only_what_every_backend_carries() {
        assert!(DiskSerial::new("layer-0").is_ok() && ShareName::new("share-0").is_ok());
        for bad in ["", "Layer", "a_b", "..", "../x", "ä", "123456789012345678901"] {
            assert!(ShareName::new(bad).is_err(), "{bad:?}");
            let error = DiskSerial::new(bad).unwrap_err();
            assert!(error.to_string().starts_with("disk serial"), "{error}");
        }
    }
}
