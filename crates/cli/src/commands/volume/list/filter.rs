//! `--filter` of volumes.

use container_engine::VolumeView;

use super::super::view::DRIVER;
use crate::arguments::{Filter, Filters, TRUTH, is_part_of_name};

const KEYS: [&str; 4] = ["name", "label", "dangling", "driver"];

/// Reads a filter.
pub(super) fn volume_filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text, &KEYS)?.check_value("dangling", &TRUTH)
}

/// Whether a volume passes all filters. One that no container refers to is dangling.
pub(super) fn passes(volume: &VolumeView, filters: &[Filter]) -> bool {
    let filters = Filters(filters);
    filters.pass("name", |part| is_part_of_name(part, volume.config.name.as_str()))
        && filters.pass("driver", |driver| driver == DRIVER)
        && filters.pass_truth("dangling", volume.containers.is_empty())
        && filters.pass_labels(&volume.config.labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::{UnknownFields, VolumeConfig};

    #[test]
    fn filters_are_dockers() {
        let volume = VolumeView {
            config: VolumeConfig {
                name: "data".parse().unwrap(),
                created: time::OffsetDateTime::UNIX_EPOCH,
                size_bytes: None,
                labels: [("a".to_owned(), "b".to_owned())].into(),
                options: [].into(),
                unknown: UnknownFields::new(),
            },
            source: "/volumes/data".into(),
            containers: vec!["db".parse().unwrap()],
        };
        for (filter, is_right) in [
            ("name=at", true),
            ("name=^at", false),
            ("label=a=b", true),
            ("label=b", false),
            ("dangling=false", true),
            ("dangling=true", false),
            ("driver=local", true),
            ("driver=nfs", false),
        ] {
            assert_eq!(passes(&volume, &[volume_filter(filter).unwrap()]), is_right, "{filter}");
        }
        assert!(volume_filter("scope=local").unwrap_err().contains("dangling, driver"));
    }
}
