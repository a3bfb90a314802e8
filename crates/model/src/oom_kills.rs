//! What the kernel has killed in a container for lack of memory.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::UnknownFields;

/// The processes of a container that the kernel has killed for lack of memory since it was last started by anybody but its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OomKills {
    /// How many.
    pub count: u64,
    /// The last one.
    #[serde(flatten)]
    pub last: OomKill,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A process that the kernel has killed for lack of memory, as far as its guest could tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OomKill {
    /// When that was told.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its name, at most 15 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// As the container's first process counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Memory that it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
}

impl OomKills {
    /// What is so after `count` more, `last` among them.
    #[must_use]
    pub fn after(before: Option<Self>, count: u64, last: OomKill) -> Self {
        let (counted, unknown) = before.map_or_else(Default::default, |before| (before.count, before.unknown));
        Self {
            count: counted.saturating_add(count),
            last,
            unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kills_are_counted_and_the_last_is_kept() {
        let written = json!({ "count": 3, "at": "1970-01-01T00:00:00Z", "process": "dd", "pid": 7, "resident_bytes": 4096, "weather": "ok" });
        let before: OomKills = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&before).unwrap(), written);
        let last = OomKill {
            at: OffsetDateTime::UNIX_EPOCH,
            process: None,
            pid: None,
            resident_bytes: None,
        };
        let first = OomKills::after(None, 2, last.clone());
        assert_eq!(
            serde_json::to_value(first).unwrap(),
            json!({ "count": 2, "at": "1970-01-01T00:00:00Z" })
        );
        let after = OomKills::after(Some(before), u64::MAX, last);
        assert_eq!(
            serde_json::to_value(after).unwrap(),
            json!({ "count": u64::MAX, "at": "1970-01-01T00:00:00Z", "weather": "ok" })
        );
    }
}
