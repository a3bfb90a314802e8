//! How what builds keep is shown.

use container_engine::{BuildCacheKind, BuildCacheRecord};
use container_terminal::{HumanSize, excerpt};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::output::{Rows, ago, docker_time, table, timestamp};

/// Digits of an id that are shown, as many as of a digest.
const ID_DIGITS: usize = 12;
/// Characters of a description that are shown where not all are asked for.
const DESCRIPTION_CHARACTERS: usize = 60;

/// A row for each record; with all of its id and its description, if that is asked for.
pub(crate) fn records_table(records: &[BuildCacheRecord], now: OffsetDateTime, is_verbose: bool) -> String {
    let (digits, characters) = match is_verbose {
        true => (usize::MAX, usize::MAX),
        false => (ID_DIGITS, DESCRIPTION_CHARACTERS),
    };
    let rows = records.iter().map(|record| {
        [
            record.id.chars().take(digits).collect(),
            (!record.is_needed).to_string(),
            HumanSize(record.size_bytes).to_string(),
            ago(record.last_used, now),
            excerpt(&record.description, characters),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(["ID", "RECLAIMABLE", "SIZE", "LAST USED", "DESCRIPTION"], &rows)
}

/// Whether an image has it as well.
pub(super) fn is_shared(record: &BuildCacheRecord) -> bool {
    record.kind == BuildCacheKind::Layer && record.is_needed
}

/// The fields of `docker buildx du`.
pub(super) fn record_rows(records: &[BuildCacheRecord]) -> Rows {
    let fields = [
        ("ID", "ID"),
        ("Type", "TYPE"),
        ("Description", "DESCRIPTION"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
        ("Shared", "SHARED"),
        ("CreatedAt", "CREATED AT"),
        ("LastUsedAt", "LAST ACCESSED"),
    ];
    let entries = records.iter().map(|record| {
        [
            record.id.clone(),
            record.kind.name().to_owned(),
            record.description.clone(),
            HumanSize(record.size_bytes).to_string(),
            (!record.is_needed).to_string(),
            is_shared(record).to_string(),
            record.created.map(docker_time).unwrap_or_default(),
            docker_time(record.last_used),
        ]
    });
    Rows::new(fields, entries)
}

/// BuildKit's names in the style of the other lists.
pub(crate) fn record_object(record: &BuildCacheRecord) -> Value {
    json!({
        "id": record.id,
        "type": record.kind.name(),
        "description": record.description,
        "createdAt": record.created.map(timestamp),
        "lastUsedAt": timestamp(record.last_used),
        "sizeInBytes": record.size_bytes,
        "reclaimable": !record.is_needed,
        "shared": is_shared(record),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_what_each_is() {
        let layer = BuildCacheRecord {
            id: "ab".to_owned(),
            kind: BuildCacheKind::Layer,
            description: "RUN a".to_owned(),
            created: Some(OffsetDateTime::UNIX_EPOCH),
            last_used: OffsetDateTime::UNIX_EPOCH,
            size_bytes: 5,
            is_needed: true,
        };
        let mount = BuildCacheRecord {
            kind: BuildCacheKind::Mount,
            created: None,
            ..layer.clone()
        };
        let seen = |record, key: &str| record_object(record)[key].clone();
        assert_eq!(
            (seen(&layer, "shared"), seen(&layer, "type")),
            (true.into(), "regular".into())
        );
        assert_eq!(
            (seen(&mount, "shared"), seen(&mount, "createdAt")),
            (false.into(), Value::Null)
        );
    }
}
