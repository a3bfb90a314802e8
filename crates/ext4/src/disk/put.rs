//! Little-endian stores at fixed offsets of a structure.

/// Stores `value` at byte `at`.
pub(crate) fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

/// Stores `value` at byte `at`.
pub(crate) fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Stores `value` at byte `at`, big-endian as the journal wants it.
pub(crate) fn put32_be(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// The low half of a 32-bit value.
pub(crate) fn low16(value: u32) -> u16 {
    (value & 0xffff) as u16
}

/// The high half of a 32-bit value.
pub(crate) fn high16(value: u32) -> u16 {
    (value >> 16) as u16
}

/// The low half of a 64-bit value.
pub(crate) fn low32(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// The high half of a 64-bit value.
pub(crate) fn high32(value: u64) -> u32 {
    (value >> 32) as u32
}
