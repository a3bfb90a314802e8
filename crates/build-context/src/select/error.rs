//! Why sources select nothing.

use std::io;

/// Why sources do not select anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// A source that is not there; of several the first one by name.
    #[error("\"{source_path}\": not found{}", if *.is_ignored { " (it is ignored)" } else { "" })]
    NotFound {
        /// Which source, counted from 0.
        source_index: usize,
        /// The source, from the root.
        source_path: String,
        /// Whether it, or something on the way to it, is there and ignored.
        is_ignored: bool,
    },
    /// A source or an exclusion that is no pattern.
    #[error("syntax error in pattern \"{pattern}\"")]
    BadPattern {
        /// The pattern.
        pattern: String,
    },
    /// Symbolic links that lead round in a circle.
    #[error("\"{}\" goes through too many symbolic links", .path.escape_ascii())]
    Loop {
        /// The path.
        path: Vec<u8>,
    },
    /// The system refused.
    #[error("cannot read \"{}\" of the build context: {source}", .path.escape_ascii())]
    Read {
        /// The path.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
}

impl SelectError {
    /// The source that is not there.
    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::NotFound { source_path, .. } => Some(source_path),
            _ => None,
        }
    }
}
