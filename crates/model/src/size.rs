//! Sizes as users write them: `512m`, `1g`, `2048mb`, `1048576`.

use std::{fmt, str::FromStr};

/// A number of bytes. Units are powers of 1024 whatever their spelling; a bare number is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// Text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid size {0:?}: a number with b, k, m, g, t or p is needed, for example 512m or 2g")]
pub struct SizeError(String);

const UNITS: [&str; 6] = ["b", "kb", "mb", "gb", "tb", "pb"];

impl FromStr for ByteSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let error = || SizeError(text.to_owned());
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let power = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            "p" | "pb" | "pib" => 5,
            _ => return Err(error()),
        };
        let factor = 1024_u64.pow(power);
        let bytes = match number.split_once('.') {
            None => number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)),
            Some((whole, fraction)) => decimal(whole, fraction, factor),
        };
        bytes.map(ByteSize).ok_or_else(error)
    }
}

/// `whole.fraction * factor`, rounded down, without floating point.
fn decimal(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    if fraction.is_empty() || fraction.len() > 9 || fraction.contains('.') {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(fraction.parse::<u64>().ok()?) * u128::from(factor) / u128::from(scale);
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)?
        .checked_add(u64::try_from(part).ok()?)
}

impl fmt::Display for ByteSize {
    /// The largest unit that divides the size, in lower case: `2gb`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0;
        let mut unit = 0;
        while value != 0 && value.is_multiple_of(1024) && unit + 1 < UNITS.len() {
            value /= 1024;
            unit += 1;
        }
        write!(f, "{value}{}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for (text, bytes) in [
            ("1g", 1 << 30),
            ("2048mb", 2 << 30),
            ("64KiB", 65536),
            ("17", 17),
            ("1.5g", 3 << 29),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().0, bytes, "{text}");
        }
        for bad in ["", "g", "1x", "-1g", "1..5g", "99999999999p", "1.g"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
        assert_eq!(ByteSize(2 << 30).to_string(), "2gb");
    }

    proptest::proptest! {
        #[test]
        fn printing_and_parsing_agree(bytes: u64) {
            proptest::prop_assert_eq!(ByteSize(bytes).to_string().parse::<ByteSize>().unwrap(), ByteSize(bytes));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
