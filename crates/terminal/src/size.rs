//! Sizes for people.

use std::fmt;

/// Bytes in powers of 1000 with three digits that count, as `docker images` and Apple's tool print them: `29.4 MB`, `1.2 GB`, `512 B`.
///
/// `{:#}` keeps zeros at the end, so that a figure that changes all the time keeps its width: `12.0 MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanSize(pub u64);

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

impl fmt::Display for HumanSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = u128::from(self.0);
        let (mut digits, mut decimals, mut unit) = (bytes, 0, UNITS[0]);
        let mut divisor = 1_u128;
        'units: for name in UNITS {
            unit = name;
            let most_decimals = if divisor == 1 { 0 } else { 2 };
            for places in (0..=most_decimals).rev() {
                (digits, decimals) = ((bytes * 10_u128.pow(places) * 2 + divisor) / (divisor * 2), places);
                if digits < 1000 {
                    break 'units;
                }
            }
            divisor *= 1000;
        }
        while !f.alternate() && decimals > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            decimals -= 1;
        }
        let one = 10_u128.pow(decimals);
        let number = match decimals {
            0 => digits.to_string(),
            places => format!("{}.{:0places$}", digits / one, digits % one, places = places as usize),
        };
        f.pad(&format!("{number} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_have_three_significant_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (1536, "1.54 kB"),
            (29_420_000, "29.4 MB"),
            (999_499, "999 kB"),
            (999_500, "1 MB"),
            (500_000_000, "500 MB"),
            (1_234_000_000, "1.23 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(HumanSize(bytes).to_string(), text);
        }
        assert_eq!(format!("{:#}", HumanSize(12_000_000)), "12.0 MB");
        assert_eq!(format!("{:>8}|", HumanSize(5)), "     5 B|");
    }

    proptest! {
        #[test]
        fn no_size_is_wider_than_seven_characters(bytes: u64) {
            let text = format!("{:#}", HumanSize(bytes));
            prop_assert!(text.len() <= 7, "{}", text);
        }
    }
}
