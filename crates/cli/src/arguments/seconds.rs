//! Seconds that a stop waits for a container.

/// Reads them. Docker's -1 waits for ever.
pub(crate) fn parse(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| {
        match text.starts_with('-') {
            true => "every stop has a limit: give a large number of seconds, for example 86400",
            false => "a whole number of seconds is needed",
        }
        .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::command_line::CommandLine;

    #[test]
    fn a_wait_without_end_is_refused_with_what_to_do() {
        for line in [
            ["container", "stop", "-t", "-1", "web"],
            ["container", "restart", "--timeout", "-1", "web"],
            ["container", "run", "--stop-timeout", "-1", "alpine"],
        ] {
            let error = CommandLine::try_parse_from(line).unwrap_err().to_string();
            assert!(error.contains("every stop has a limit"), "{error}");
        }
        assert_eq!(super::parse("0"), Ok(0));
        assert!(super::parse("5s").unwrap_err().contains("a whole number"));
    }
}
