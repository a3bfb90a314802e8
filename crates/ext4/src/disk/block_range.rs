//! Runs of blocks.

/// Blocks of the disk that follow each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlockRange {
    pub(crate) start: u32,
    pub(crate) count: u32,
}

impl BlockRange {
    pub(crate) fn end(self) -> u32 {
        self.start + self.count
    }
}
