//! How much a template may take.

/// Bytes of a template's text.
pub const TEMPLATE_BYTES: usize = 64 << 10;

/// How deep blocks and parentheses may be in each other.
pub const DEPTH: usize = 64;

/// Parts of a template that are evaluated for one value.
pub const STEPS: usize = 1_000_000;

/// Bytes of what is made of one value, and of every text that a function makes on the way.
pub const OUTPUT_BYTES: usize = 16 << 20;

/// Characters to which `printf` and `pad` fill up, and digits after the point.
pub const WIDTH_CHARACTERS: usize = 1000;
