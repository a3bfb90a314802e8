//! `container system logs`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::time::Duration;

use clap::Args;
use container_engine::{Engine, ProcessLog};
use container_terminal::printable;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::arguments::duration;
use crate::error::{CommandError, cannot};
use crate::output;
use crate::session::Signals;

/// Time between two looks at what was added.
const PAUSE: Duration = Duration::from_millis(300);

/// Bytes of a log that are read at once: the end of it, of a long one.
const READ_BYTES: u64 = 4 << 20;

/// Show what the processes of this program have logged: those that run containers, and those of networks
///
/// Each line begins with the container or the network. What containers themselves write is shown by logs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  container system logs --last 1h")]
pub(crate) struct Logs {
    /// Show what is added, too
    #[arg(short, long)]
    follow: bool,

    /// Only what was logged in this time, such as 30s, 5m, 2h or 1d
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = span)]
    last: time::Duration,
}

impl Logs {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let mut signals = Signals::listen()?;
        let since = OffsetDateTime::now_utc() - self.last;
        let mut seen: Vec<Seen> = Vec::new();
        loop {
            let mut lines = Vec::new();
            for log in engine.process_logs()? {
                let place = match seen.iter().position(|known| known.log == log) {
                    Some(place) => place,
                    None => {
                        seen.push(Seen { log, offset: 0 });
                        seen.len() - 1
                    }
                };
                seen[place].read(since, &mut lines)?;
            }
            // Lines of one log keep their order.
            lines.sort_by_key(|(time, _)| *time);
            for (_, line) in lines {
                output::line(&line)?;
            }
            if !self.follow {
                return Ok(0);
            }
            let pause = async {
                tokio::time::sleep(PAUSE).await;
                Ok::<_, CommandError>(())
            };
            signals.or_end(pause).await?;
        }
    }
}

/// A span as Apple's tool has it, which knows days, or Go's.
fn span(text: &str) -> Result<time::Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    let bare = || text.parse().ok().map(time::Duration::seconds);
    let span = days
        .map(time::Duration::days)
        .or_else(|| duration::parse(text))
        .or_else(bare);
    // Longer than any log there is, and no more than a date can be moved by.
    span.filter(|span| !span.is_negative() && *span < time::Duration::days(36_500))
        .ok_or_else(|| "a number with s, m, h or d is needed, for example 5m".to_owned())
}

/// A log, and how much of it was shown.
struct Seen {
    log: ProcessLog,
    offset: u64,
}

impl Seen {
    /// Adds the lines that are new, from `since` on.
    fn read(&mut self, since: OffsetDateTime, lines: &mut Vec<(OffsetDateTime, String)>) -> Result<(), CommandError> {
        let text = match self.added() {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(cannot(format!("read {}", self.log.path.display()), error)),
        };
        // What has no time belongs to the line before it.
        let mut time = OffsetDateTime::UNIX_EPOCH;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let first = line.split_whitespace().next().unwrap_or_default();
            time = OffsetDateTime::parse(first, &Rfc3339).unwrap_or(time);
            if time >= since {
                lines.push((time, format!("{}: {}", self.log.of, printable(line))));
            }
        }
        Ok(())
    }

    /// The whole lines behind those that were read. A log that has become shorter was begun anew.
    fn added(&mut self) -> io::Result<String> {
        let mut file = File::open(&self.log.path)?;
        let length = file.metadata()?.len();
        if length < self.offset {
            self.offset = 0;
        }
        self.offset = self.offset.max(length.saturating_sub(READ_BYTES));
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(READ_BYTES).read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.offset += bytes.len() as u64;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_of_either_tool() {
        assert_eq!(span("5m").unwrap(), time::Duration::minutes(5));
        assert_eq!(span("1d").unwrap(), time::Duration::days(1));
        assert_eq!(span("1h30m").unwrap(), time::Duration::minutes(90));
        for text in ["", "m", "-5m", "5w", "999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_shown_whole_once_and_from_the_time_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("launcher.log");
        let of = "web".to_owned();
        let mut seen = Seen {
            log: ProcessLog { of, path: path.clone() },
            offset: 0,
        };
        let since = OffsetDateTime::parse("2026-01-01T00:00:00Z", &Rfc3339).unwrap();
        let mut shown = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let mut lines = Vec::new();
            seen.read(since, &mut lines).unwrap();
            lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>()
        };
        let old = "2025-12-31T23:59:59Z  INFO old\n";
        let new = "2026-01-01T00:00:01Z  INFO new\nits end\n";
        assert_eq!(
            shown(&format!("{old}{new}2026-01-01T00:00:02Z  IN")),
            ["web: 2026-01-01T00:00:01Z  INFO new", "web: its end"]
        );
        assert_eq!(
            shown(&format!("{old}{new}2026-01-01T00:00:02Z  INFO more\n")),
            ["web: 2026-01-01T00:00:02Z  INFO more"]
        );
        assert_eq!(
            shown("2026-01-01T00:00:03Z  INFO anew\n"),
            ["web: 2026-01-01T00:00:03Z  INFO anew"]
        );
    }
}
