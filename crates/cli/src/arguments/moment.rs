//! Moments of `--since` and `--until`, written as in Docker.

use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::duration;

/// What a moment looks like.
const FORMS: &str = "it is 10m or 1h30m before now, 2026-01-31, 2026-01-31T13:05:00 (UTC), 2026-01-31T13:05:00+01:00, or seconds since 1970";

/// A moment: a date, or a span before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) OffsetDateTime);

/// No moment is written like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MomentError;

impl std::fmt::Display for MomentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(FORMS)
    }
}

impl std::error::Error for MomentError {}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        at(text, OffsetDateTime::now_utc()).map(Self).ok_or(MomentError)
    }
}

fn at(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    duration::parse(text)
        .and_then(|ago| now.checked_sub(ago))
        .or_else(|| unix_time(text))
        .or_else(|| date(text))
}

/// Seconds since 1970, with as many digits behind the point as there are.
fn unix_time(text: &str) -> Option<OffsetDateTime> {
    let nanoseconds = duration::scaled(text, 1_000_000_000)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).ok()
}

/// A date with or without a time and a zone.
fn date(text: &str) -> Option<OffsetDateTime> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let (time, zone) = match time.find(['Z', 'z', '+', '-']) {
        Some(place) => time.split_at(place),
        None => (time, "Z"),
    };
    let time = match time.len() {
        0 => "00:00:00".to_owned(),
        // Hours, and minutes.
        2 => format!("{time}:00:00"),
        5 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    OffsetDateTime::parse(&format!("{date}T{time}{zone}"), &Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn nanoseconds(text: &str) -> Option<i128> {
        let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
        at(text, now).map(OffsetDateTime::unix_timestamp_nanos)
    }

    #[test]
    fn moments_are_written_as_in_docker() {
        let second = 1_000_000_000_i128;
        let now = i128::from(NOW) * second;
        for (text, expected) in [
            ("10m", now - 600 * second),
            ("1h30m", now - 5400 * second),
            ("1.5h", now - 5400 * second),
            ("-10s", now + 10 * second),
            ("250ms", now - second / 4),
            ("1700000000", 1_700_000_000 * second),
            ("1700000000.123456789", 1_700_000_000_123_456_789),
            ("1700000000.5", 1_700_000_000 * second + second / 2),
            ("0", 0),
            ("1970-01-02", 86400 * second),
            ("1970-01-01T01", 3600 * second),
            ("1970-01-01T01:01", 3660 * second),
            ("1970-01-01T01:01:01.5", 3661 * second + second / 2),
            ("1970-01-01T01:01:01Z", 3661 * second),
            ("1970-01-01T02:00:00+01:00", 3600 * second),
            ("1970-01-01T00:00-01:00", 3600 * second),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "-",
            "10",
            "m",
            "10x",
            "1h 2m",
            ".",
            "1..2s",
            "yesterday",
            "2026-13-01",
            "99999999999999999999",
            "1e3",
        ] {
            let expected = (text == "10").then_some(10_000_000_000);
            assert_eq!(nanoseconds(text), expected, "{text}");
        }
        assert!("x".parse::<Moment>().unwrap_err().to_string().contains("1h30m"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text: String) {
            let _ = nanoseconds(&text);
        }

        #[test]
        fn nanoseconds_survive(at in 0..i64::MAX) {
            let text = format!("{}.{:09}", at / 1_000_000_000, at % 1_000_000_000);
            prop_assert_eq!(nanoseconds(&text), Some(at.into()));
        }
    }
}
