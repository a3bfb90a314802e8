//! Durations as Go writes them: `1h30m`, `1.5h`, `-10s` (time.ParseDuration), but for a zero without a unit.

use time::Duration;

/// Units of durations and their nanoseconds, as Go writes them.
const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads one.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (mut rest, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1),
        None => (text, 1),
    };
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let (_, unit_ns) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(Duration::nanoseconds(scaled(number, unit_ns)?))?;
        rest = tail;
    }
    sum.checked_mul(sign)
}

/// A decimal number times an integer.
pub(super) fn scaled(number: &str, factor: i64) -> Option<i64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || whole.len() + part.len() == 0 {
        return None;
    }
    let whole = match whole {
        "" => 0,
        digits => digits.parse::<i64>().ok()?.checked_mul(factor)?,
    };
    // Digits of less than a nanosecond.
    let (mut sum, mut digit_factor) = (whole, factor);
    for digit in part.bytes() {
        digit_factor /= 10;
        sum = sum.checked_add(i64::from(digit - b'0').checked_mul(digit_factor)?)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, seconds) in [
            ("24h", 86_400.0),
            ("1h30m", 5_400.0),
            ("1.5s", 1.5),
            (".5m", 30.0),
            ("10ms", 0.01),
            ("250us250µs", 0.0005),
            ("-1h", -3_600.0),
        ] {
            assert_eq!(parse(text), Some(Duration::seconds_f64(seconds)), "{text}");
        }
        for text in ["", "-", "5", "h", "1x", "1h ", "1.2.3s", ".s", "9999999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
