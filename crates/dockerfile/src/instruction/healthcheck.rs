//! `HEALTHCHECK`.

use std::fmt;
use std::time::Duration;

use super::command_line::CommandLine;
use crate::error::{ParseError, ParseProblem};
use crate::flags::{self, Flags};
use crate::request::Request;

/// `HEALTHCHECK NONE`, or `HEALTHCHECK [flags] CMD command`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `NONE`: that of the base does not count.
    None,
    /// `CMD`
    Probe(Probe),
}

/// How a container is asked whether it works. Times and counts that are `None`, or written as 0, are left to who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is run in the container. Not empty.
    pub command: CommandLine,
    /// `--interval=`: from the end of one to the start of the next.
    pub interval: Option<Duration>,
    /// `--timeout=`: how long one may take.
    pub timeout: Option<Duration>,
    /// `--start-period=`: how long failures do not count.
    pub start_period: Option<Duration>,
    /// `--start-interval=`: as `interval`, within the start period.
    pub start_interval: Option<Duration>,
    /// `--retries=`: how many failures in a row make it unhealthy.
    pub retries: Option<u32>,
}

const NAME: &str = "HEALTHCHECK";
const FLAGS: [&str; 5] = ["interval", "timeout", "start-period", "start-interval", "retries"];

/// Shorter times are refused, as the engine refuses them.
const SHORTEST: Duration = Duration::from_millis(1);

impl Healthcheck {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let flags = request.flags(NAME, &FLAGS)?;
        let (kind, rest) = request.arguments.split_blank();
        let missing = |expected| {
            request.error(ParseProblem::Arguments {
                instruction: NAME,
                expected,
            })
        };
        match kind.as_str().to_ascii_uppercase().as_str() {
            "" => Err(missing("at least one argument: CMD or NONE")),
            "NONE" if rest.is_empty() => Ok(Self::None),
            "NONE" => Err(missing("no arguments after NONE")),
            "CMD" => {
                let command = CommandLine::read(rest)?;
                if command.is_empty() {
                    return Err(missing("a command after CMD"));
                }
                Ok(Self::Probe(Probe {
                    command,
                    interval: duration(&flags, "interval")?,
                    timeout: duration(&flags, "timeout")?,
                    start_period: duration(&flags, "start-period")?,
                    start_interval: duration(&flags, "start-interval")?,
                    retries: retries(&flags)?,
                }))
            }
            _ => {
                let kind_text = kind.as_str().to_owned();
                Err(ParseError::new(kind.range(), ParseProblem::HealthcheckType(kind_text)))
            }
        }
    }
}

fn duration(flags: &Flags<'_>, flag: &'static str) -> Result<Option<Duration>, ParseError> {
    let Some((value, range)) = flags.value(flag)?.filter(|(value, _)| !value.is_empty()) else {
        return Ok(None);
    };
    match super::duration::parse(value) {
        Some(Duration::ZERO) => Ok(None),
        Some(duration) if duration >= SHORTEST => Ok(Some(duration)),
        _ => {
            let value = value.to_owned();
            let expected = "a time of at least 1ms, such as 1m30s".to_owned();
            Err(ParseError::new(
                range,
                ParseProblem::FlagValue { flag, value, expected },
            ))
        }
    }
}

fn retries(flags: &Flags<'_>) -> Result<Option<u32>, ParseError> {
    let flag = "retries";
    let Some((value, range)) = flags.value(flag)?.filter(|(value, _)| !value.is_empty()) else {
        return Ok(None);
    };
    match value.parse::<i32>().map(u32::try_from) {
        Ok(Ok(0)) => Ok(None),
        Ok(Ok(retries)) => Ok(Some(retries)),
        _ => {
            let value = value.to_owned();
            let expected = "a number that is not negative".to_owned();
            Err(ParseError::new(
                range,
                ParseProblem::FlagValue { flag, value, expected },
            ))
        }
    }
}

impl fmt::Display for Healthcheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        let Self::Probe(probe) = self else {
            return f.write_str(" NONE");
        };
        let times = [probe.interval, probe.timeout, probe.start_period, probe.start_interval];
        for (flag, time) in FLAGS.iter().zip(times) {
            flags::write_value(f, flag, time.map(super::duration::print).as_deref())?;
        }
        flags::write_value(
            f,
            "retries",
            probe.retries.map(|retries| retries.to_string()).as_deref(),
        )?;
        write!(f, " CMD {}", probe.command)
    }
}
