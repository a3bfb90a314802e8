//! The image file as the file system has it: with the blocks of the journal that are to be replayed in the places where they belong.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::error::ReadError;

/// The first bytes of blocks of a journal, JBD2_MAGIC_NUMBER. A logged block that starts so itself is stored with zeros there.
pub(super) const JOURNAL_MAGIC: [u8; 4] = [0xc0, 0x3b, 0x39, 0x98];

/// Where the journal has the newest content of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Logged {
    /// The block of the image that holds it.
    pub(super) block: u32,
    /// Whether its first bytes were replaced because they are [`JOURNAL_MAGIC`].
    pub(super) is_escaped: bool,
}

/// An image file that is only read.
#[derive(Debug)]
pub(super) struct Image {
    file: File,
    block_bytes: usize,
    logged: BTreeMap<u32, Logged>,
}

impl Image {
    pub(super) fn new(file: File, block_bytes: usize) -> Self {
        Self {
            file,
            block_bytes,
            logged: BTreeMap::new(),
        }
    }

    /// Shows these blocks of the journal from now on.
    pub(super) fn replay(&mut self, logged: BTreeMap<u32, Logged>) {
        self.logged = logged;
    }

    /// Fills `into` from byte `at`.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Result<(), ReadError> {
        self.file.read_exact_at(into, at)?;
        if self.logged.is_empty() || into.is_empty() {
            return Ok(());
        }
        let block_bytes = self.block_bytes as u64;
        let end = at + into.len() as u64;
        let numbers = (at / block_bytes) as u32..=((end - 1) / block_bytes) as u32;
        for (number, logged) in self.logged.range(numbers) {
            let block_at = u64::from(*number) * block_bytes;
            let (from, to) = (block_at.max(at), (block_at + block_bytes).min(end));
            let part = &mut into[(from - at) as usize..(to - at) as usize];
            let offset = (from - block_at) as usize;
            self.file
                .read_exact_at(part, u64::from(logged.block) * block_bytes + offset as u64)?;
            if logged.is_escaped && offset < JOURNAL_MAGIC.len() {
                let magic = &JOURNAL_MAGIC[offset..];
                let length = magic.len().min(part.len());
                part[..length].copy_from_slice(&magic[..length]);
            }
        }
        Ok(())
    }
}
