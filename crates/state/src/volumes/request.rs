//! A volume to be made, and what its options mean.

use std::collections::BTreeMap;

use container_ext4::{Journal, JournalMode};
use container_model::{ByteSize, VolumeConfig, VolumeJournal, VolumeJournalMode, VolumeName};

use super::VolumeOptionError;

/// Size of a volume unless it is told, as in Apple's tool. The file on the host takes what is written to it.
const DEFAULT_SIZE_BYTES: u64 = 512 << 30;
/// The smallest size that can be asked for, as in Apple's tool.
const MIN_SIZE_BYTES: u64 = 1 << 20;
/// The smallest size that a volume has: a journal, and as much again.
const MIN_DISK_BYTES: u64 = 2 * Journal::MIN_BYTES;

/// A volume to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRequest {
    /// Its name.
    pub name: VolumeName,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Options: `size`, `journal`, `type`.
    pub options: BTreeMap<String, String>,
}

impl VolumeRequest {
    /// A volume of this name with nothing but defaults.
    #[must_use]
    pub fn new(name: VolumeName) -> Self {
        Self {
            name,
            labels: BTreeMap::new(),
            options: BTreeMap::new(),
        }
    }

    /// A volume for one container, under a name that no other one has.
    #[must_use]
    pub fn anonymous() -> Self {
        let mut request = Self::new(VolumeName::random());
        request
            .labels
            .insert(VolumeConfig::ANONYMOUS_LABEL.to_owned(), String::new());
        request
    }

    /// Whether all options mean something.
    pub(super) fn check_options(&self) -> Result<(), VolumeOptionError> {
        for (key, value) in &self.options {
            match (key.as_str(), value.as_str()) {
                (VolumeConfig::SIZE_OPTION | VolumeConfig::JOURNAL_OPTION, _) => {}
                (VolumeConfig::TYPE_OPTION, VolumeConfig::SHARED_TYPE) => {}
                (VolumeConfig::TYPE_OPTION, _) => return Err(VolumeOptionError::Type { asked: value.clone() }),
                _ => return Err(VolumeOptionError::Unknown { key: key.clone() }),
            }
        }
        let of_disk = |key: &&str| self.options.contains_key(*key);
        match [VolumeConfig::SIZE_OPTION, VolumeConfig::JOURNAL_OPTION]
            .iter()
            .find(|key| of_disk(key))
        {
            Some(key) if self.is_shared() => Err(VolumeOptionError::OfDisk { key }),
            _ => Ok(()),
        }
    }

    /// Whether it is to be a directory that several machines share.
    pub(super) fn is_shared(&self) -> bool {
        self.options.contains_key(VolumeConfig::TYPE_OPTION)
    }

    /// Size of its disk, bytes.
    pub(super) fn size_bytes(&self) -> Result<u64, VolumeOptionError> {
        let Some(size) = self.options.get(VolumeConfig::SIZE_OPTION) else {
            return Ok(DEFAULT_SIZE_BYTES);
        };
        let ByteSize(asked) = size.parse()?;
        if asked < MIN_SIZE_BYTES {
            return Err(VolumeOptionError::TooSmall { asked: ByteSize(asked) });
        }
        Ok(asked.max(MIN_DISK_BYTES))
    }

    /// The journal of its file system. It always has one: else a machine that is killed could damage it.
    pub(super) fn journal(&self) -> Result<Journal, VolumeOptionError> {
        let asked = match self.options.get(VolumeConfig::JOURNAL_OPTION) {
            Some(journal) => journal.parse()?,
            None => VolumeJournal::default(),
        };
        Ok(Journal {
            mode: match asked.mode {
                VolumeJournalMode::Ordered => JournalMode::Ordered,
                VolumeJournalMode::Writeback => JournalMode::Writeback,
                VolumeJournalMode::Journal => JournalMode::Data,
            },
            size_bytes: asked.size.map(|ByteSize(bytes)| bytes),
        })
    }
}
