//! A writer of tar archives: POSIX.1-1988 "ustar", names up to 100 bytes. Times and owners are zero, so equal content gives equal bytes.

use std::io::{Result, Write};

/// Size of a tar block; everything is a multiple of it.
const BLOCK: usize = 512;

/// Type flags of the ustar header.
const FILE: u8 = b'0';
const SYMLINK: u8 = b'2';
const DIRECTORY: u8 = b'5';

/// An archive being written.
pub(crate) struct Tar<W> {
    to: W,
}

impl<W: Write> Tar<W> {
    /// An empty archive.
    pub(crate) fn new(to: W) -> Self {
        Self { to }
    }

    /// Adds a directory; its name ends with a slash.
    ///
    /// # Errors
    /// Those of the writer, as for every other entry.
    pub(crate) fn directory(&mut self, name: &str, mode: u32) -> Result<()> {
        self.entry(name, mode, DIRECTORY, "", &[])
    }

    /// Adds a regular file.
    pub(crate) fn file(&mut self, name: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.entry(name, mode, FILE, "", content)
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(&mut self, name: &str, target: &str) -> Result<()> {
        self.entry(name, 0o777, SYMLINK, target, &[])
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Result<W> {
        self.to.write_all(&[0; 2 * BLOCK])?;
        Ok(self.to)
    }

    fn entry(&mut self, name: &str, mode: u32, kind: u8, link: &str, content: &[u8]) -> Result<()> {
        debug_assert!(
            name.len() <= 100 && link.len() <= 100,
            "ustar names have at most 100 bytes"
        );
        let mut header = [0_u8; BLOCK];
        let mut put = |at: usize, bytes: &[u8]| {
            for (slot, byte) in header.iter_mut().skip(at).zip(bytes) {
                *slot = *byte;
            }
        };
        put(0, name.as_bytes());
        put(100, format!("{mode:07o}").as_bytes());
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, format!("{:011o}", content.len()).as_bytes());
        put(136, b"00000000000");
        put(148, b"        ");
        put(156, &[kind]);
        put(157, link.as_bytes());
        put(257, b"ustar\x0000");
        let checksum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        for (slot, byte) in header.iter_mut().skip(148).zip(format!("{checksum:06o}\0 ").bytes()) {
            *slot = byte;
        }
        self.to.write_all(&header)?;
        self.to.write_all(content)?;
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        self.to.write_all([0; BLOCK].get(..padding).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_whole_blocks_with_two_empty_ones_at_the_end() {
        let mut tar = Tar::new(Vec::new());
        tar.file("a", 0o644, &[1; 513]).unwrap();
        let bytes = tar.finish().unwrap();
        assert_eq!(bytes.len(), BLOCK * (1 + 2 + 2));
        assert!(bytes[bytes.len() - 2 * BLOCK..].iter().all(|byte| *byte == 0));
    }
}
