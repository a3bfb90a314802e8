//! Kernel images: where they are, and which kind they are.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Kind of a kernel image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelFormat {
    /// `vmlinux`, entered through PVH (x86-64).
    Elf,
    /// An uncompressed arm64 `Image`.
    Arm64Image,
    /// `bzImage`, which unpacks itself (x86-64).
    BzImage,
}

/// First bytes of an ELF file (System V ABI, "ELF Identification").
const ELF_MAGIC: &[u8] = b"\x7fELF";

/// Magic number of an arm64 `Image` and where it is (Linux, Documentation/arch/arm64/booting.rst).
const ARM64_IMAGE_MAGIC: (usize, &[u8]) = (56, b"ARM\x64");

/// Magic number of the setup header and where it is (Linux, Documentation/arch/x86/boot.rst).
const SETUP_HEADER_MAGIC: (usize, &[u8]) = (0x202, b"HdrS");

impl KernelFormat {
    /// As many bytes at the beginning of a file tell its kind.
    pub const HEAD_BYTES: usize = 0x206;

    /// The kind of a file that begins with `head`; `None` for another file than a kernel that can be booted.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let has = |(at, magic): (usize, &[u8])| head.get(at..at + magic.len()) == Some(magic);
        if head.starts_with(ELF_MAGIC) {
            Some(Self::Elf)
        } else if has(ARM64_IMAGE_MAGIC) {
            Some(Self::Arm64Image)
        } else if has(SETUP_HEADER_MAGIC) {
            Some(Self::BzImage)
        } else {
            None
        }
    }

    /// The kind of the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(Self::HEAD_BYTES);
        File::open(path)?.take(Self::HEAD_BYTES as u64).read_to_end(&mut head)?;
        Ok(Self::of(&head))
    }
}

/// The kernel with the first of `names` that one of `directories` has, the earlier directory first; where there is none, the path at
/// which one was expected first.
#[must_use]
pub fn find_kernel(directories: &[PathBuf], names: &[String]) -> PathBuf {
    let mut paths = names
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
    let expected = || {
        let directory = directories.first().map_or(Path::new(""), PathBuf::as_path);
        names
            .first()
            .map_or_else(|| directory.to_owned(), |name| directory.join(name))
    };
    paths.find(|path| path.exists()).unwrap_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_told_by_their_magic_numbers() {
        assert_eq!(KernelFormat::of(b"\x7fELF\x02"), Some(KernelFormat::Elf));
        let with = |at: usize, magic: &[u8]| {
            let mut head = vec![0; KernelFormat::HEAD_BYTES];
            head[at..at + 4].copy_from_slice(magic);
            KernelFormat::of(&head)
        };
        assert_eq!(with(56, b"ARMd"), Some(KernelFormat::Arm64Image));
        assert_eq!(with(0x202, b"HdrS"), Some(KernelFormat::BzImage));
        // A compressed arm64 kernel, which no backend here boots.
        assert_eq!(with(0, b"\x1f\x8b\x08\x00"), None);
        assert_eq!(KernelFormat::of(b"#!/bin/sh"), None);
        assert_eq!(KernelFormat::of(b""), None);
    }

    #[test]
    fn the_first_name_comes_before_the_first_directory() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (root.path().join("a"), root.path().join("b"));
        let directories = [first.clone(), second.clone()];
        let names = ["vmlinux-emulated", "vmlinux"].map(str::to_owned);
        std::fs::create_dir_all(&first).unwrap();
        std::fs::create_dir_all(&second).unwrap();
        assert_eq!(
            find_kernel(&directories, &names),
            first.join("vmlinux-emulated"),
            "none there"
        );
        std::fs::write(first.join("vmlinux"), "").unwrap();
        assert_eq!(find_kernel(&directories, &names), first.join("vmlinux"));
        std::fs::write(second.join("vmlinux-emulated"), "").unwrap();
        assert_eq!(find_kernel(&directories, &names), second.join("vmlinux-emulated"));
    }
}
