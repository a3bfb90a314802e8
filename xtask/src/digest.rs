//! SHA-256 of files and byte strings, in hexadecimal.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// The digest of the file at `path`.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file
            .read(&mut buffer)
            .with_context(|| format!("cannot read {}", path.display()))?;
        if length == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
}

/// The digest of `bytes`.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Passes bytes on, hashes and counts them.
pub(crate) struct Sha256Writer<W> {
    to: W,
    hasher: Sha256,
    length: u64,
}

impl<W: Write> Sha256Writer<W> {
    /// Nothing written yet.
    pub(crate) fn new(to: W) -> Self {
        Self {
            to,
            hasher: Sha256::new(),
            length: 0,
        }
    }

    /// The digest and the length of what was written.
    ///
    /// # Errors
    /// When what is still buffered cannot be passed on.
    pub(crate) fn finish(mut self) -> io::Result<(String, u64)> {
        self.to.flush()?;
        Ok((hexadecimal(&self.hasher.finalize()), self.length))
    }
}

impl<W: Write> Write for Sha256Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    /// FIPS 180-4, the example for the message "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn bytes_and_files_give_the_published_digest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abc").unwrap();
        assert_eq!(super::of_bytes(b"abc"), ABC);
        let mut writer = super::Sha256Writer::new(Vec::new());
        std::io::Write::write_all(&mut writer, b"abc").unwrap();
        assert_eq!(writer.finish().unwrap(), (ABC.to_owned(), 3));
        assert_eq!(super::of_file(file.path()).unwrap(), ABC);
    }
}
