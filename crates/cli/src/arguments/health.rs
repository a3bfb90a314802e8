//! Flags of `run` and `create` about checks of whether the container works.

use std::time::Duration;

use clap::Args;
use container_engine::HealthRequest;

use super::duration;

/// How it is found out whether it works. What is not given is as the image says.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct HealthFlags {
    /// Command that checks whether the container works, run in it again and again: exit code 0 says so
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    health_cmd: Option<String>,

    /// Time between two checks, for example 1m30s; 30s otherwise
    #[arg(long, value_name = "DURATION", value_parser = read, allow_hyphen_values = true)]
    health_interval: Option<Duration>,

    /// Time after which a check has failed and is killed; 30s otherwise
    #[arg(long, value_name = "DURATION", value_parser = read, allow_hyphen_values = true)]
    health_timeout: Option<Duration>,

    /// Failures in a row that make the container unhealthy; 3 otherwise
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    health_retries: Option<i64>,

    /// Time from the start of the program in which failures do not count; 0s otherwise
    #[arg(long, value_name = "DURATION", value_parser = read, allow_hyphen_values = true)]
    health_start_period: Option<Duration>,

    /// Time between two checks within the start period; 5s otherwise
    #[arg(long, value_name = "DURATION", value_parser = read, allow_hyphen_values = true)]
    health_start_interval: Option<Duration>,

    /// No checks, whatever the image says
    #[arg(long)]
    no_healthcheck: bool,
}

impl HealthFlags {
    pub(super) fn request(self) -> HealthRequest {
        HealthRequest {
            is_off: self.no_healthcheck,
            command: self.health_cmd,
            interval: self.health_interval,
            timeout: self.health_timeout,
            start_period: self.health_start_period,
            start_interval: self.health_start_interval,
            retries: self.health_retries,
        }
    }
}

/// Reads a duration of Go's; 0 needs no unit.
fn read(text: &str) -> Result<Duration, String> {
    let read = match text {
        "0" => Some(time::Duration::ZERO),
        text => duration::parse(text),
    };
    let Some(read) = read else {
        return Err("it is a duration such as 30s, 1m30s or 500ms".to_owned());
    };
    Duration::try_from(read).map_err(|_| "it cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_not_negative() {
        assert_eq!(read("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(read("0"), Ok(Duration::ZERO));
        assert_eq!(read("0s"), Ok(Duration::ZERO));
        assert!(read("-1s").unwrap_err().contains("negative"));
        for text in ["", "5", "soon", "1 s"] {
            assert!(read(text).unwrap_err().contains("such as 30s"), "{text}");
        }
    }
}
