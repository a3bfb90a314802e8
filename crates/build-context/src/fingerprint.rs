//! SHA-256 of a file.

use std::io;

use ring::digest::{Context, SHA256};

use crate::directory::{Content, Xattrs};

/// A SHA-256 value.
pub(crate) type Sha256 = [u8; 32];

/// A hash in the making, of parts whose ends are told apart.
pub(crate) struct Hasher(Context);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Bytes with their number before them.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn xattrs(&mut self, xattrs: &Xattrs) {
        self.number(xattrs.len() as u64);
        for (name, value) in xattrs {
            self.bytes(name);
            self.bytes(value);
        }
    }

    pub(crate) fn finish(self) -> Sha256 {
        let mut value = [0; 32];
        value.copy_from_slice(self.0.finish().as_ref());
        value
    }
}

/// What a file has: its attributes, its size and all its bytes, holes as zeros. Nothing where it has become shorter meanwhile.
pub(crate) fn fingerprint(content: &Content, buffer: &mut [u8]) -> io::Result<Option<Sha256>> {
    let mut hasher = Hasher::new();
    hasher.xattrs(&content.xattrs);
    hasher.number(content.size_bytes);
    let mut position = 0;
    while position < content.size_bytes {
        let length = content.read_at(buffer, position)?;
        if length == 0 {
            return Ok(None);
        }
        hasher.0.update(&buffer[..length]);
        position += length as u64;
    }
    Ok(Some(hasher.finish()))
}
