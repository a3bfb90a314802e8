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
    /// Size of its file system, bytes. The file on the host takes what was written to it. A volume of type shared has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Options as they were given: `size`, `journal`, `type`.
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

    /// The option that says what a volume is kept in; [`VolumeConfig::SHARED_TYPE`] is its only value.
    pub const TYPE_OPTION: &str = "type";

    /// The type of a volume that several running containers write to: a directory of the host that is shared with their machines.
    pub const SHARED_TYPE: &str = "shared";

    /// The label by which Apple's tool knows a volume that was made for one container and has no name of its user's.
    pub const ANONYMOUS_LABEL: &str = "com.apple.container.resource.anonymous";

    /// Whether it was made for one container, without a name of its user's.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.labels.contains_key(Self::ANONYMOUS_LABEL)
    }

    /// Whether it is a directory that several machines share, and no disk.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.options
            .get(Self::TYPE_OPTION)
            .is_some_and(|kind| kind == Self::SHARED_TYPE)
    }
}
