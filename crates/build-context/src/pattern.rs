//! Patterns of names: the two languages that a Dockerfile's author meets, and what they have in common.

mod expression;
mod glob;
mod list;
mod program;

pub use glob::Glob;
pub(crate) use list::{Hits, PatternList, rooted, trim};

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct Malformed;

/// Why a list of patterns cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListError {
    /// A `!` without a pattern.
    LoneNegation,
    /// A text that is no pattern.
    Malformed,
}

impl From<Malformed> for ListError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
