//! `--cpus`: the processors of a machine, which come whole.

/// Microseconds that a processor has in the period of a control group, unless a flag says another one.
const PERIOD_US: f64 = 100_000.0;

/// Reads a number of processors.
pub(crate) fn parse(text: &str) -> Result<u32, String> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    let part = text
        .parse::<f64>()
        .ok()
        .filter(|number| (0.01..1000.0).contains(number));
    Err(match part {
        Some(number) => format!(
            "a machine has whole processors; --cpus {:.0} --cpu-quota {:.0} gives that much time of them",
            number.ceil(),
            number * PERIOD_US
        ),
        None => "a whole number of processors is needed".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_processors_are_refused_with_the_way_to_have_them() {
        assert_eq!(parse("2"), Ok(2));
        assert!(parse("1.5").unwrap_err().contains("--cpus 2 --cpu-quota 150000 gives"));
        assert!(parse(".5").unwrap_err().contains("--cpus 1 --cpu-quota 50000 gives"));
        for text in ["", "two", "-1", "-1.5", "1.x", "inf"] {
            assert_eq!(parse(text).unwrap_err(), "a whole number of processors is needed");
        }
    }
}
