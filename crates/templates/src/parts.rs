//! The three files of a template.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Memory,
    State,
    Disk,
}

impl Part {
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::State => "state",
            Self::Disk => "disk.ext4",
        }
    }

    pub(crate) fn path(self, directory: &Path) -> PathBuf {
        directory.join(self.file_name())
    }
}

/// Something of each file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parts<T> {
    pub(crate) memory: T,
    pub(crate) state: T,
    pub(crate) disk: T,
}

impl<T> Parts<T> {
    /// What `make` makes for each file.
    pub(crate) fn try_from_each<E>(mut make: impl FnMut(Part) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            memory: make(Part::Memory)?,
            state: make(Part::State)?,
            disk: make(Part::Disk)?,
        })
    }

    /// As [`Parts::try_from_each`], of what cannot fail.
    pub(crate) fn from_each(mut make: impl FnMut(Part) -> T) -> Self {
        Self {
            memory: make(Part::Memory),
            state: make(Part::State),
            disk: make(Part::Disk),
        }
    }

    pub(crate) fn all(&self, mut holds: impl FnMut(&T) -> bool) -> bool {
        holds(&self.memory) && holds(&self.state) && holds(&self.disk)
    }

    pub(crate) fn of(&self, part: Part) -> &T {
        match part {
            Part::Memory => &self.memory,
            Part::State => &self.state,
            Part::Disk => &self.disk,
        }
    }
}

impl Parts<PathBuf> {
    /// Where the files of the template in `directory` are.
    pub(crate) fn paths(directory: &Path) -> Self {
        Self::from_each(|part| part.path(directory))
    }
}
