//! What a volume was asked to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::VolumeName;
use crate::UnknownFields;

/// The configuration of a volume: written once when it is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeConfig {
    /// Its name.
    pub name: VolumeName,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// Size of its file system, bytes. The file on the host takes what was written to it.
    pub size_bytes: u64,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Options as they were given: `size`, `journal`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl VolumeConfig {
    /// Format version of the record.
    pub const VERSION: u32 = 1;

    /// The option with the size.
    pub const SIZE_OPTION: &str = "size";

    /// The option with the journal.
    pub const JOURNAL_OPTION: &str = "journal";

    /// The label by which Apple's tool knows a volume that was made for one container and has no name of its user's.
    pub const ANONYMOUS_LABEL: &str = "com.apple.container.resource.anonymous";

    /// Whether it was made for one container, without a name of its user's.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.labels.contains_key(Self::ANONYMOUS_LABEL)
    }
}
