//! Times as Go writes them: `1m30s`, `1.5h`, `500ms` (time.ParseDuration).

use std::time::Duration;

/// Units, each with its nanoseconds, in the order of their length.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("µs", 1_000),
    ("μs", 1_000),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a time that is not negative. `None` when it is none, or longer than 292 years, which is more than Go has room for.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total: i64 = 0;
    loop {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after
            .find(|char: char| char == '.' || char.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let nanoseconds = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part = whole
            .checked_mul(nanoseconds)?
            .checked_add(share(fraction, nanoseconds))?;
        total = total.checked_add(i64::try_from(part).ok()?)?;
        rest = after;
        if rest.is_empty() {
            return Some(Duration::from_nanos(total.unsigned_abs()));
        }
    }
}

/// The digits at the start, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.fraction` of a unit, without what is less than a nanosecond.
fn share(fraction: &str, nanoseconds: u64) -> u64 {
    // An hour has less than 10^13 nanoseconds: further digits make no difference.
    let (mut digits, mut scale) = (0_u128, 1_u128);
    for digit in fraction.bytes().take(18) {
        digits = digits * 10 + u128::from(digit.saturating_sub(b'0'));
        scale *= 10;
    }
    u64::try_from(digits * u128::from(nanoseconds) / scale).unwrap_or(u64::MAX)
}

/// Writes a time that reads back the same.
pub(super) fn print(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let fits = |(_, unit): &&(&str, u64)| nanoseconds.is_multiple_of(u128::from(*unit));
    match UNITS.iter().rev().find(fits) {
        Some((name, unit)) => format!("{}{name}", nanoseconds / u128::from(*unit)),
        None => format!("{nanoseconds}ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_go_reads_them() {
        for (text, expected_ms) in [
            ("0", Some(0)),
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            (".5s", Some(500)),
            ("1.s", Some(1_000)),
            ("+1s", Some(1_000)),
            ("1500us", Some(1)),
            ("2000000ns", Some(2)),
            ("", None),
            ("1", None),
            ("s", None),
            ("1d", None),
            ("-1s", None),
            (".s", None),
            ("1s ", None),
            ("9999999999999h", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse(text).map(|time| time.as_millis()), expected_ms, "{text}");
        }
    }

    #[test]
    fn times_are_printed_in_one_unit() {
        for (text, expected) in [
            ("1m30s", "90s"),
            ("1.5h", "90m"),
            ("1.5ms", "1500us"),
            ("1ns", "1ns"),
            ("2h", "2h"),
        ] {
            let time = parse(text).unwrap();
            assert_eq!(print(time), expected);
            assert_eq!(parse(&print(time)), Some(time));
        }
    }
}
