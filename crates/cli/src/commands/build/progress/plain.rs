//! Progress in lines, as BuildKit's plain output has them: `#3 [2/5] RUN make`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use container_build::{BuildEvent, BuildProgress, BuildWarning, VertexId};
use container_terminal::printable;

use super::Shown;
use super::lines::OutputLines;
use super::warnings;
use crate::error::in_words;

/// Prints events to standard error.
pub(super) struct PlainProgress {
    began: Instant,
    state: Mutex<State>,
}

/// What has to be known of what was shown.
#[derive(Default)]
struct State {
    running: BTreeMap<VertexId, Running>,
    warnings: Vec<BuildWarning>,
}

/// Something that is being done.
#[derive(Default)]
struct Running {
    started: Duration,
    is_cached: bool,
    output: OutputLines,
}

impl Default for PlainProgress {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl PlainProgress {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BuildProgress for PlainProgress {
    fn event(&self, event: BuildEvent) {
        let now = self.began.elapsed();
        // The lock is held while lines are written, so that they come in the order of the events.
        let mut state = self.state();
        write(&state.event(event, now));
    }
}

impl Shown for PlainProgress {
    fn end(&self) {
        let warnings = std::mem::take(&mut self.state().warnings);
        write(&warnings::summary(&warnings));
    }
}

fn write(text: &str) {
    if !text.is_empty() {
        // Nobody is told when standard error is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl State {
    /// The lines that an event makes.
    fn event(&mut self, event: BuildEvent, now: Duration) -> String {
        match event {
            BuildEvent::Started { vertex, name } => {
                let running = Running {
                    started: now,
                    ..Running::default()
                };
                self.running.insert(vertex, running);
                line(vertex, &name)
            }
            BuildEvent::Planned { .. } => String::new(),
            BuildEvent::Waiting { vertex } => line(vertex, "another build does the same: waiting"),
            BuildEvent::Cached { vertex } => {
                self.running.entry(vertex).or_default().is_cached = true;
                line(vertex, "CACHED")
            }
            BuildEvent::Status { vertex, text } => line(vertex, &text),
            BuildEvent::Warning(warning) => {
                self.warnings.push(warning);
                String::new()
            }
            BuildEvent::Output { vertex, bytes, .. } => {
                let running = self.running.entry(vertex).or_default();
                let since = now.saturating_sub(running.started);
                let lines = running.output.add(&bytes).into_iter();
                lines.map(|text| output_line(vertex, since, &text)).collect()
            }
            BuildEvent::Finished { vertex, took } => {
                let (mut text, was_cached) = self.ended(vertex, now);
                if !was_cached {
                    text.push_str(&line(vertex, &format!("DONE {:.1}s", took.as_secs_f64())));
                }
                text.push('\n');
                text
            }
            BuildEvent::Failed { vertex, reason } => {
                let (mut text, _) = self.ended(vertex, now);
                text.push_str(&line(vertex, &format!("ERROR: {}", in_words(&reason))));
                text.push('\n');
                text
            }
        }
    }

    /// What a command wrote without a line end, and whether it was not run at all.
    fn ended(&mut self, vertex: VertexId, now: Duration) -> (String, bool) {
        let Some(mut running) = self.running.remove(&vertex) else {
            return (String::new(), false);
        };
        let since = now.saturating_sub(running.started);
        let rest = running.output.end().map(|text| output_line(vertex, since, &text));
        (rest.unwrap_or_default(), running.is_cached)
    }
}

fn line(vertex: VertexId, text: &str) -> String {
    format!("#{} {}\n", vertex.0, printable(text))
}

/// A line that a command wrote, with the time since it began.
fn output_line(vertex: VertexId, since: Duration, text: &str) -> String {
    line(vertex, &format!("{:.3} {text}", since.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_build::OutputStream;

    #[test]
    fn events_are_lines_with_the_number_of_their_step() {
        let (one, two) = (VertexId(1), VertexId(2));
        let output = |bytes: &[u8]| BuildEvent::Output {
            vertex: one,
            stream: OutputStream::Stdout,
            bytes: bytes.to_vec(),
        };
        let name = |name: &str| name.to_owned();
        let mut state = State::default();
        let mut text = String::new();
        for (at, event) in [
            (
                0,
                BuildEvent::Started {
                    vertex: one,
                    name: name("[1/2] RUN a"),
                },
            ),
            (
                100,
                BuildEvent::Started {
                    vertex: two,
                    name: name("[2/2] COPY b c"),
                },
            ),
            (200, BuildEvent::Cached { vertex: two }),
            (
                200,
                BuildEvent::Finished {
                    vertex: two,
                    took: Duration::ZERO,
                },
            ),
            (1250, output(b"\x1b[32mfirst\nsec")),
            (2000, output(b"ond\nthird")),
            (
                2500,
                BuildEvent::Finished {
                    vertex: one,
                    took: Duration::from_millis(2500),
                },
            ),
        ] {
            text.push_str(&state.event(event, Duration::from_millis(at)));
        }
        let expected = "\
#1 [1/2] RUN a
#2 [2/2] COPY b c
#2 CACHED

#1 1.250 first
#1 2.000 second
#1 2.500 third
#1 DONE 2.5s

";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_failure_is_told_and_warnings_wait_for_the_end() {
        let mut state = State::default();
        let warning = BuildWarning {
            rule: None,
            message: "odd".to_owned(),
            place: None,
        };
        assert_eq!(state.event(BuildEvent::Warning(warning), Duration::ZERO), "");
        let failed = BuildEvent::Failed {
            vertex: VertexId(3),
            reason: "no\nway (os error 2)".to_owned(),
        };
        assert_eq!(state.event(failed, Duration::ZERO), "#3 ERROR: no way\n\n");
        assert_eq!(state.warnings.len(), 1);
    }
}
