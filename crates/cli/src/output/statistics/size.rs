//! Sizes as Apple's `stats` prints them, and as Docker's does.

use container_terminal::HumanSize;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Units of Docker's sizes of memory, each 1024 times the one before.
const BINARY_UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Two decimals, and no unit below KiB and above GiB: `0.50 KiB`, `12.00 MiB`.
pub(super) fn apple_size(bytes: u64) -> String {
    let (divisor, unit) = match bytes {
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        _ => (KIB, "KiB"),
    };
    let hundredths = rounded(bytes, 100, divisor);
    format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
}

/// Four digits that count, without zeros at the end: `1.5MiB`, `1023KiB`.
pub(super) fn docker_binary_size(bytes: u64) -> String {
    let mut divisor = 1_u64;
    let mut units = BINARY_UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    while bytes / divisor >= 1024 {
        let Some(larger) = units.next() else { break };
        (divisor, unit) = (divisor << 10, larger);
    }
    let decimals = match bytes / divisor {
        0..10 => 3,
        10..100 => 2,
        100..1000 => 1,
        _ => 0,
    };
    let scale = 10_u128.pow(decimals);
    let digits = rounded(bytes, scale, divisor);
    let (whole, fraction) = (digits / scale, digits % scale);
    if fraction == 0 {
        return format!("{whole}{unit}");
    }
    let fraction = format!("{fraction:0width$}", width = decimals as usize);
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

/// Powers of 1000 with three digits that count: `1.54kB`.
pub(super) fn docker_decimal_size(bytes: u64) -> String {
    HumanSize(bytes).to_string().replace(' ', "")
}

/// `bytes * scale / divisor`, rounded to the nearest.
fn rounded(bytes: u64, scale: u128, divisor: u64) -> u128 {
    let divisor = u128::from(divisor);
    (u128::from(bytes) * scale * 2 + divisor) / (divisor * 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_as_the_two_tools_print_them() {
        for (bytes, apple, binary, decimal) in [
            (0, "0.00 KiB", "0B", "0B"),
            (512, "0.50 KiB", "512B", "512B"),
            (1536, "1.50 KiB", "1.5KiB", "1.54kB"),
            (1_047_552, "1023.00 KiB", "1023KiB", "1.05MB"),
            (5_000_000, "4.77 MiB", "4.768MiB", "5MB"),
            (GIB, "1.00 GiB", "1GiB", "1.07GB"),
            (GIB << 12, "4096.00 GiB", "4TiB", "4.4TB"),
        ] {
            assert_eq!(apple_size(bytes), apple);
            assert_eq!(docker_binary_size(bytes), binary);
            assert_eq!(docker_decimal_size(bytes), decimal);
        }
    }

    proptest! {
        #[test]
        fn every_size_has_a_number_and_a_unit(bytes: u64) {
            for text in [apple_size(bytes), docker_binary_size(bytes), docker_decimal_size(bytes)] {
                prop_assert!(text.starts_with(|c: char| c.is_ascii_digit()) && text.ends_with('B'), "{}", text);
            }
        }
    }
}
