//! How much a tar may hold.

/// How large a tar may be. The defaults are far above any build, and below what fills a disk or memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarLimits {
    /// Bytes after decompression.
    pub uncompressed_bytes: u64,
    /// Entries.
    pub entries: usize,
    /// Bytes of names, targets and attributes, which are kept in memory.
    pub retained_bytes: u64,
}

impl Default for TarLimits {
    fn default() -> Self {
        Self {
            uncompressed_bytes: 64 << 30,
            entries: 2_000_000,
            retained_bytes: 512 << 20,
        }
    }
}
