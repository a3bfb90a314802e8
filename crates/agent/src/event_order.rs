//! Checks the order of a `Run` call's responses: a state machine without I/O.

use bytes::Bytes;
use container_agent_api::STDIO_CHUNK_BYTES;
use container_agent_api::v1::run_response::Response;
use container_agent_api::v1::{Exited, OomKill, RunResponse, StartFailed};

use crate::error::{Violation, clean};

/// Largest exit code, also 128 + the highest signal number (wait(2): eight bits).
const EXIT_CODE_MAX: u32 = 255;

/// Longest name of a process, characters: the kernel keeps 15 bytes.
const PROCESS_NAME_CHARACTERS: usize = 15;

/// A response that is in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Started { pid: u32 },
    Stdout(Bytes),
    Stderr(Bytes),
    OomKill(OomKill),
    Exited(Exited),
    Failed(StartFailed),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum EventOrder {
    #[default]
    Starting,
    Running,
    Ended,
}

impl EventOrder {
    /// Takes the next response, or says which rule it breaks.
    pub(crate) fn accept(&mut self, response: RunResponse) -> Result<Event, Violation> {
        let response = response.response.ok_or(Violation::Empty)?;
        let (next, event) = match (*self, response) {
            (Self::Ended, _) => return Err(Violation::AfterEnd),
            (Self::Starting, Response::Started(started)) => (Self::Running, Event::Started { pid: started.pid }),
            (Self::Starting, Response::Failed(failed)) => (Self::Ended, Event::Failed(failed)),
            (Self::Starting, _) => return Err(Violation::NotStarted),
            (Self::Running, Response::Started(_) | Response::Failed(_)) => return Err(Violation::StartedTwice),
            (Self::Running, Response::Stdout(bytes)) => (Self::Running, Event::Stdout(bounded(bytes)?)),
            (Self::Running, Response::Stderr(bytes)) => (Self::Running, Event::Stderr(bounded(bytes)?)),
            (Self::Running, Response::OomKill(kill)) => (Self::Running, Event::OomKill(cleaned(kill))),
            (Self::Running, Response::Exited(exited)) => {
                if exited.exit_code > EXIT_CODE_MAX {
                    return Err(Violation::ExitCode { code: exited.exit_code });
                }
                let oom_kill = exited.oom_kill.map(cleaned);
                (Self::Ended, Event::Exited(Exited { oom_kill, ..exited }))
            }
        };
        *self = next;
        Ok(event)
    }
}

/// The same with a name that can be shown, of at least one process.
fn cleaned(kill: OomKill) -> OomKill {
    OomKill {
        process: clean(&kill.process).chars().take(PROCESS_NAME_CHARACTERS).collect(),
        count: kill.count.max(1),
        ..kill
    }
}

fn bounded(bytes: Vec<u8>) -> Result<Bytes, Violation> {
    if bytes.len() > STDIO_CHUNK_BYTES {
        return Err(Violation::ChunkTooLarge {
            size_bytes: bytes.len(),
        });
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use container_agent_api::v1::Started;
    use proptest::prelude::*;

    use super::*;

    fn message(response: Response) -> RunResponse {
        RunResponse {
            response: Some(response),
        }
    }

    fn started() -> RunResponse {
        message(Response::Started(Started { pid: 7 }))
    }

    fn exited(exit_code: u32) -> RunResponse {
        message(Response::Exited(Exited {
            exit_code,
            ..Exited::default()
        }))
    }

    fn killed(process: &str) -> RunResponse {
        message(Response::OomKill(OomKill {
            process: process.to_owned(),
            ..OomKill::default()
        }))
    }

    fn first_violation(responses: impl IntoIterator<Item = RunResponse>) -> Option<Violation> {
        let mut order = EventOrder::default();
        let violation = responses.into_iter().find_map(|response| order.accept(response).err());
        violation.or((order != EventOrder::Ended).then_some(Violation::NoOutcome))
    }

    #[test]
    fn a_proper_run_is_accepted() {
        let output = message(Response::Stdout(vec![0; STDIO_CHUNK_BYTES]));
        assert_eq!(first_violation([started(), output, exited(255)]), None);
        assert_eq!(
            first_violation([message(Response::Failed(StartFailed::default()))]),
            None
        );
    }

    #[test]
    fn names_of_killed_processes_are_short_and_cannot_drive_a_terminal() {
        let mut order = EventOrder::default();
        order.accept(started()).unwrap();
        let expected = OomKill {
            process: "\u{fffd}[2Ja) (bbbbbbb".to_owned(),
            count: 1,
            ..OomKill::default()
        };
        let killed = killed(&format!("\u{1b}[2Ja) ({}", "b".repeat(900)));
        assert_eq!(order.accept(killed.clone()), Ok(Event::OomKill(expected.clone())));
        let Some(Response::OomKill(kill)) = killed.response else {
            unreachable!()
        };
        let exited = message(Response::Exited(Exited {
            oom_kill: Some(kill),
            ..Exited::default()
        }));
        let Ok(Event::Exited(exited)) = order.accept(exited) else {
            panic!("no exit")
        };
        assert_eq!(exited.oom_kill, Some(expected));
    }

    #[test]
    fn each_rule_is_enforced() {
        let output = |size| message(Response::Stderr(vec![0; size]));
        let size_bytes = STDIO_CHUNK_BYTES + 1;
        let failed = message(Response::Failed(StartFailed::default()));
        for (responses, violation) in [
            (vec![RunResponse { response: None }], Violation::Empty),
            (vec![output(1)], Violation::NotStarted),
            (vec![exited(0)], Violation::NotStarted),
            (vec![killed("dd")], Violation::NotStarted),
            (vec![started(), exited(0), killed("dd")], Violation::AfterEnd),
            (vec![started(), started()], Violation::StartedTwice),
            (vec![started(), failed.clone()], Violation::StartedTwice),
            (vec![started(), exited(0), exited(0)], Violation::AfterEnd),
            (vec![failed, started()], Violation::AfterEnd),
            (
                vec![started(), output(size_bytes)],
                Violation::ChunkTooLarge { size_bytes },
            ),
            (vec![started(), exited(256)], Violation::ExitCode { code: 256 }),
            (vec![started(), output(1)], Violation::NoOutcome),
            (vec![], Violation::NoOutcome),
        ] {
            assert_eq!(first_violation(responses), Some(violation));
        }
    }

    proptest! {
        #[test]
        fn any_responses_give_at_most_one_start_and_one_end(kinds in proptest::collection::vec(0..6_u8, 0..12)) {
            let mut order = EventOrder::default();
            let mut seen = Vec::new();
            for kind in kinds {
                let response = match kind {
                    0 => started(),
                    1 => exited(3),
                    2 => message(Response::Failed(StartFailed::default())),
                    3 => message(Response::Stdout(vec![1])),
                    4 => killed("dd"),
                    _ => RunResponse { response: None },
                };
                match order.accept(response) {
                    Ok(event) => seen.push(event),
                    Err(_) => break,
                }
            }
            let starts = seen.iter().filter(|event| matches!(event, Event::Started { .. })).count();
            let ends = seen.iter().filter(|event| matches!(event, Event::Exited(_) | Event::Failed(_))).count();
            prop_assert!(starts <= 1 && ends <= 1);
            prop_assert_eq!(order == EventOrder::Ended, ends == 1);
        }
    }
}
