//! `--filter` of the cache of builds.

use std::str::FromStr;
use std::time::Duration;

use container_engine::{BuildCacheFilter, BuildCacheKind};

use crate::arguments::duration;

/// `until=DURATION`, `type=TYPE` or `id=ID`, as in Docker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CacheFilterFlag {
    UnusedFor(Duration),
    Kind(BuildCacheKind),
    Id(String),
}

impl FromStr for CacheFilterFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("until" | "unused-for", value)) => duration::parse(value)
                .and_then(|duration| duration.try_into().ok())
                .map(Self::UnusedFor)
                .ok_or(format!("{value:?} is no duration such as 24h or 1h30m")),
            Some(("type", value)) => {
                let kinds = BuildCacheKind::ALL;
                let kind = kinds.into_iter().find(|kind| kind.name() == value);
                let names = kinds.map(BuildCacheKind::name).join(", ");
                kind.map(Self::Kind).ok_or(format!("{value:?} is not one of {names}"))
            }
            Some(("id", value)) => Ok(Self::Id(value.to_owned())),
            _ => Err("it is until=DURATION, type=TYPE or id=ID".to_owned()),
        }
    }
}

/// All that the flags ask for together.
pub(super) fn collect(flags: Vec<CacheFilterFlag>) -> BuildCacheFilter {
    let mut filter = BuildCacheFilter::default();
    for flag in flags {
        match flag {
            CacheFilterFlag::UnusedFor(limit) => filter.unused_for = Some(limit),
            CacheFilterFlag::Kind(kind) => filter.kind = Some(kind),
            CacheFilterFlag::Id(prefix) => filter.id_prefix = Some(prefix),
        }
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_add_up() {
        let flags = ["until=1h", "type=exec.cachemount", "id=ab"];
        let filter = collect(flags.map(|flag| flag.parse().unwrap()).into());
        let expected = BuildCacheFilter {
            unused_for: Some(Duration::from_secs(3600)),
            kind: Some(BuildCacheKind::Mount),
            id_prefix: Some("ab".to_owned()),
            ..BuildCacheFilter::default()
        };
        assert_eq!(filter, expected);
        for flag in ["until", "until=soon", "until=-1h", "type=source.local", "label=x", ""] {
            assert!(flag.parse::<CacheFilterFlag>().is_err(), "{flag}");
        }
    }
}
