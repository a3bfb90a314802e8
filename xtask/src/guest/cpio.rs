//! Writer of the initramfs: a "new ASCII" cpio archive as in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
//!
//! Uncompressed: unpacking a compressed one takes longer than copying these bytes, most of all under emulation. Times and owners are zero, so the
//! same program gives the same archive.

use anyhow::{Context, Result};
use std::io::Write as _;

/// Type bits of `c_mode`, stat(2).
const DIRECTORY: u32 = 0o040_000;
const CHARACTER_DEVICE: u32 = 0o020_000;
const REGULAR_FILE: u32 = 0o100_000;

/// Name that ends the archive.
const TRAILER: &str = "TRAILER!!!";

/// The initramfs: `/init` and the console that the kernel opens for it.
///
/// # Errors
/// When `init` is too large for the format (4 GiB).
pub(crate) fn initramfs(init: &[u8]) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.add("dev", DIRECTORY | 0o755, (0, 0), &[])?;
    archive.add("dev/console", CHARACTER_DEVICE | 0o600, (5, 1), &[])?;
    archive.add("init", REGULAR_FILE | 0o755, (0, 0), init)?;
    archive.finish()
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        self.entries += 1;
        let size = u32::try_from(content.len()).context("too large for a cpio archive")?;
        let inode = if name == TRAILER { 0 } else { self.entries };
        let name_size = u32::try_from(name.len() + 1)?;
        let (major, minor) = device;
        // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin, c_namesize, c_chksum
        let fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            write!(self.bytes, "{field:08x}")?;
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.add(TRAILER, 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    /// Names and contents start at multiples of four.
    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One entry as read back: name, mode, (rmajor, rminor), content.
    type Entry = (String, u32, (u32, u32), Vec<u8>);

    fn entries(archive: &[u8]) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut at = 0;
        loop {
            assert_eq!(&archive[at..at + 6], b"070701");
            let field = |index: usize| {
                let start = at + 6 + index * 8;
                u32::from_str_radix(std::str::from_utf8(&archive[start..start + 8]).unwrap(), 16).unwrap()
            };
            let (mode, size, name_size) = (field(1), field(6) as usize, field(11) as usize);
            let name_at = at + 110;
            let name = String::from_utf8(archive[name_at..name_at + name_size - 1].to_vec()).unwrap();
            assert_eq!(archive[name_at + name_size - 1], 0);
            if name == TRAILER {
                return entries;
            }
            let content_at = (name_at + name_size).next_multiple_of(4);
            entries.push((
                name,
                mode,
                (field(9), field(10)),
                archive[content_at..content_at + size].to_vec(),
            ));
            at = (content_at + size).next_multiple_of(4);
        }
    }

    #[test]
    fn the_archive_has_the_program_and_the_console() {
        let archive = initramfs(b"ELF..").unwrap();
        assert_eq!(archive.len() % 4, 0);
        assert_eq!(
            entries(&archive),
            [
                ("dev".to_owned(), 0o040_755, (0, 0), vec![]),
                ("dev/console".to_owned(), 0o020_600, (5, 1), vec![]),
                ("init".to_owned(), 0o100_755, (0, 0), b"ELF..".to_vec()),
            ]
        );
    }

    #[test]
    fn the_same_program_gives_the_same_archive() {
        assert_eq!(initramfs(b"x").unwrap(), initramfs(b"x").unwrap());
    }

    #[test]
    fn contents_of_every_length_modulo_four_survive() {
        for length in 0..9 {
            let content = vec![7; length];
            assert_eq!(entries(&initramfs(&content).unwrap()).last().unwrap().3, content);
        }
    }
}
