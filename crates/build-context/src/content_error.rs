//! What can go wrong with the content of a file.

use std::io;

use crate::directory::is_other_kind;

/// Why the content of a selected file cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// It cannot be read.
    #[error("cannot read \"{}\" of the build context: {source}", .path.escape_ascii())]
    Read {
        /// Its path in the context.
        path: Vec<u8>,
        /// The system's reason.
        source: io::Error,
    },
    /// Somebody wrote to it, replaced or removed it, after it was selected. A new selection may be worth a try.
    #[error("\"{}\" of the build context changed while it was read", .path.escape_ascii())]
    Changed {
        /// Its path in the context.
        path: Vec<u8>,
    },
}

impl ContentError {
    /// What a refusal means for a file that was there before.
    pub(crate) fn of(path: &[u8], source: io::Error) -> Self {
        let path = path.to_vec();
        match is_other_kind(&source) {
            true => Self::Changed { path },
            false => Self::Read { path, source },
        }
    }
}
