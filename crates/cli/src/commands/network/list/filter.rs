//! `--filter` of networks.

use container_model::NetworkConfig;

use super::super::view::DRIVER;
use crate::arguments::{Filter, Filters, is_part_of_name};

const KEYS: [&str; 4] = ["name", "id", "label", "driver"];

/// Reads a filter.
pub(super) fn network_filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text, &KEYS)
}

/// Whether a network passes all filters.
pub(super) fn passes(config: &NetworkConfig, filters: &[Filter]) -> bool {
    let filters = Filters(filters);
    let name = config.name.as_str();
    filters.pass("name", |part| is_part_of_name(part, name))
        && filters.pass("id", |beginning| name.starts_with(beginning))
        && filters.pass("driver", |driver| driver == DRIVER)
        && filters.pass_labels(&config.labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::UnknownFields;

    #[test]
    fn filters_are_dockers() {
        let config = NetworkConfig {
            name: "web".parse().unwrap(),
            created: time::OffsetDateTime::UNIX_EPOCH,
            ipv4_subnet: "10.1.0.0/24".parse().unwrap(),
            ipv6_subnet: "fd00::/64".parse().unwrap(),
            internal: false,
            host_access: false,
            labels: [("a".to_owned(), "b".to_owned())].into(),
            options: [].into(),
            unknown: UnknownFields::new(),
        };
        for (filter, is_right) in [
            ("name=e", true),
            ("id=we", true),
            ("id=e", false),
            ("label=a", true),
            ("label=a=c", false),
            ("driver=bridge", true),
            ("driver=overlay", false),
        ] {
            assert_eq!(
                passes(&config, &[network_filter(filter).unwrap()]),
                is_right,
                "{filter}"
            );
        }
        assert!(
            network_filter("type=custom")
                .unwrap_err()
                .contains("name, id, label, driver")
        );
    }
}
