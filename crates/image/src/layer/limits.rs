//! Bounds on what a layer may take.

/// Bounds against hostile layers; the defaults are far above every honest one.
#[derive(Debug, Clone, Copy)]
pub struct LayerLimits {
    /// Bytes of the tar.
    pub uncompressed_bytes: u64,
    /// Entries on the disk.
    pub entries: u32,
    /// Names, link targets and extended attributes, which stay in memory until the disk is finished; paths of whiteouts as much again.
    pub retained_bytes: u64,
}

impl Default for LayerLimits {
    /// 256 GiB, 4 million entries, 512 MiB.
    fn default() -> Self {
        Self {
            uncompressed_bytes: 256 << 30,
            entries: 1 << 22,
            retained_bytes: 512 << 20,
        }
    }
}
