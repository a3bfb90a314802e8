//! `--filter` of the cache of builds.

use std::str::FromStr;
use std::time::Duration;

use container_engine::{BuildCacheFilter, BuildCacheKind};

/// Units of Go's durations, in seconds, the longest first.
const UNITS: [(&str, f64); 6] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("ns", 1e-9),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
];

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
            Some(("until" | "unused-for", value)) => duration(value)
                .map(Self::UnusedFor)
                .ok_or(format!("{value:?} is no duration such as 24h or 1h30m")),
            Some(("type", value)) => {
                let kinds = [BuildCacheKind::Layer, BuildCacheKind::Mount];
                let kind = kinds.into_iter().find(|kind| kind.name() == value);
                let names = kinds.map(BuildCacheKind::name).join(" and ");
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

/// A duration as Go writes it: `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, unit) = rest.split_at(end);
        let (name, factor) = UNITS.into_iter().find(|(name, _)| unit.starts_with(name))?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = unit.get(name.len()..)?;
    }
    (!text.is_empty()).then_some(())?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, seconds) in [("24h", 86400.0), ("1h30m", 5400.0), ("1.5s", 1.5), ("10ms", 0.01)] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "5", "h", "1x", "-1h", "1h ", "1.2.3s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

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
        for flag in ["until", "until=soon", "type=source.local", "label=x", ""] {
            assert!(flag.parse::<CacheFilterFlag>().is_err(), "{flag}");
        }
    }
}
