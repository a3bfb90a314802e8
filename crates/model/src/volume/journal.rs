//! The journal of a volume's file system, as the option `journal` names it: `MODE[:SIZE]`.

use std::{fmt, str::FromStr};

use crate::{ByteSize, SizeError};

/// The journal of a volume's file system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VolumeJournal {
    /// What goes through it.
    pub mode: VolumeJournalMode,
    /// Its size; `None` leaves it to the size of the volume.
    pub size: Option<ByteSize>,
}

/// What goes through a journal, the `data=` of ext4(5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VolumeJournalMode {
    /// Metadata; the data that it speaks of is written before.
    #[default]
    Ordered,
    /// Metadata only.
    Writeback,
    /// Metadata and data.
    Journal,
}

/// Text that names no journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolumeJournalError {
    /// Another mode.
    #[error(
        "invalid journal mode {0:?}: ordered, writeback or journal is needed, with a size behind a colon if you like"
    )]
    Mode(String),
    /// The size behind the colon.
    #[error("journal: {0}")]
    Size(#[from] SizeError),
}

impl FromStr for VolumeJournal {
    type Err = VolumeJournalError;

    fn from_str(text: &str) -> Result<Self, VolumeJournalError> {
        let (mode, size) = match text.split_once(':') {
            Some((mode, size)) => (mode, Some(size.parse()?)),
            None => (text, None),
        };
        let mode = match mode {
            "ordered" => VolumeJournalMode::Ordered,
            "writeback" => VolumeJournalMode::Writeback,
            "journal" => VolumeJournalMode::Journal,
            _ => return Err(VolumeJournalError::Mode(mode.to_owned())),
        };
        Ok(Self { mode, size })
    }
}

impl fmt::Display for VolumeJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.mode {
            VolumeJournalMode::Ordered => "ordered",
            VolumeJournalMode::Writeback => "writeback",
            VolumeJournalMode::Journal => "journal",
        })?;
        match self.size {
            Some(size) => write!(f, ":{size}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_written_as_it_is_read() {
        for text in ["ordered", "writeback", "journal", "ordered:64mb", "journal:4mb"] {
            assert_eq!(text.parse::<VolumeJournal>().unwrap().to_string(), text);
        }
        for bad in ["", "none", "ordered:", "ordered:big", ":4m", "Ordered"] {
            assert!(bad.parse::<VolumeJournal>().is_err(), "{bad}");
        }
    }
}
