//! Why a record could not be read or written.

use std::io;
use std::path::PathBuf;

use crate::replace::ReplaceError;

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The record's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than any record.
    #[error("{} is too large for a record ({size_bytes} bytes)", path.display())]
    TooLarge {
        /// The record's file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
    },
    /// The content is not such a record.
    #[error("{} is damaged: {source}", path.display())]
    Parse {
        /// The record's file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error(
        "{} has format version {found}, this program knows versions up to {supported}: use a newer `container`",
        path.display()
    )]
    Newer {
        /// The record's file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Highest version known here.
        supported: u32,
    },
    /// The value cannot be expressed as JSON.
    #[error("cannot encode {}: {source}", path.display())]
    Encode {
        /// The record's file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file could not be replaced.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
}

impl RecordError {
    /// What the system said, where it said anything.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Replace(error) => error.io_error(),
            _ => None,
        }
    }

    /// Whether the system said that there is no room, on the disk or within the user's quota.
    #[must_use]
    pub fn is_want_of_room(&self) -> bool {
        matches!(self, Self::Replace(error) if error.is_want_of_room())
    }

    /// Whether the file is no such record. A record of a newer version is none either, but it is not damaged.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Parse { .. })
    }
}
