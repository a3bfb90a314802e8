//! `container logs`.

use std::io;
use std::str::FromStr;

use clap::Args;
use container_engine::{Engine, LogOptions, LogPiece, LogSource};
use container_model::{ContainerQuery, LogStream};
use container_terminal::{Output, Sink};

use crate::arguments::Moment;
use crate::error::CommandError;
use crate::output;

/// Show what a container has written: its standard output on standard output, its standard error on standard error
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The machine's console instead, since the last start: kernel and guest agent
    #[arg(long, conflicts_with_all = ["since", "until", "timestamps", "details"])]
    boot: bool,

    /// Go on until the container has ended
    #[arg(short, long)]
    follow: bool,

    /// Only the last lines, empty ones not counted; all is all of them
    #[arg(
        short = 'n',
        long,
        value_name = "COUNT",
        default_value = "all",
        allow_negative_numbers = true
    )]
    tail: Tail,

    /// Only lines since then: 2026-01-31, 2026-01-31T12:30:00Z, seconds since 1970, or 10m for ten minutes ago
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,

    /// Only lines until then
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<Moment>,

    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,

    /// Show the labels and variables that --log-opt labels=… and env=… named
    #[arg(long)]
    details: bool,

    /// Container
    #[arg(value_name = "CONTAINER")]
    container: ContainerQuery,
}

/// How many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tail(Option<usize>);

impl FromStr for Tail {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Docker's negative numbers are all lines.
        let negative = text.strip_prefix('-').unwrap_or_default();
        if text == "all" || negative.parse::<usize>().is_ok() {
            return Ok(Self(None));
        }
        text.parse()
            .map(|count| Self(Some(count)))
            .map_err(|_| "a number of lines is needed, or all")
    }
}

impl Logs {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        let options = LogOptions {
            source: if self.boot { LogSource::Boot } else { LogSource::Stdio },
            follow: self.follow,
            tail: self.tail.0,
            since: self.since.map(|Moment(time)| time),
            until: self.until.map(|Moment(time)| time),
            timestamps: self.timestamps,
            details: self.details,
        };
        let mut log = engine.logs(&id, options).await?;
        let sink = Sink::write(io::stdout(), io::stderr())?;
        let mut damaged_bytes = 0;
        'log: loop {
            let pieces = log.next().await?;
            damaged_bytes += log.take_damaged_bytes();
            if pieces.is_empty() {
                break;
            }
            for LogPiece { stream, bytes } in pieces {
                let output = match stream {
                    LogStream::Stdout => Output::Stdout,
                    LogStream::Stderr => Output::Stderr,
                };
                if !sink.send(output, bytes).await {
                    break 'log;
                }
            }
        }
        sink.finish().await?;
        if damaged_bytes > 0 {
            output::note(&format!(
                "Warning: {damaged_bytes} bytes of the log are damaged and were left out: its writer was killed, or power failed"
            ));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_docker_counts_them() {
        for (text, tail) in [("0", Some(0)), ("10", Some(10)), ("all", None), ("-1", None)] {
            assert_eq!(text.parse(), Ok(Tail(tail)));
        }
        for text in ["", "ten", "1.5", "-", "-x"] {
            assert!(text.parse::<Tail>().is_err(), "{text}");
        }
    }
}
