//! Progress for programs: one object of BuildKit's `SolveStatus` in each line.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use container_build::{BuildEvent, BuildProgress, BuildWarning, OutputStream, VertexId};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Shown;

/// Prints events to standard error.
#[derive(Default)]
pub(super) struct JsonProgress(Mutex<State>);

/// What has to be said again of what was said.
#[derive(Default)]
struct State {
    running: BTreeMap<VertexId, Map<String, Value>>,
}

impl BuildProgress for JsonProgress {
    fn event(&self, event: BuildEvent) {
        // The lock is held while a line is written, so that lines come in the order of the events.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = state.event(event, OffsetDateTime::now_utc()) {
            // Nobody is told when standard error is closed.
            let _ = io::stderr().write_all(format!("{status}\n").as_bytes());
        }
    }
}

impl Shown for JsonProgress {
    fn end(&self) {}
}

impl State {
    /// What an event says, with BuildKit's names.
    fn event(&mut self, event: BuildEvent, now: OffsetDateTime) -> Option<Value> {
        let now = now.format(&Rfc3339).unwrap_or_default();
        Some(match event {
            BuildEvent::Planned { .. } => return None,
            BuildEvent::Started { vertex, name } => {
                let mut known = Map::new();
                known.insert("digest".to_owned(), digest(vertex).into());
                known.insert("name".to_owned(), name.into());
                known.insert("started".to_owned(), now.into());
                self.running.insert(vertex, known.clone());
                json!({ "vertexes": [known] })
            }
            BuildEvent::Cached { vertex } => {
                let known = self.running.get_mut(&vertex)?;
                known.insert("cached".to_owned(), true.into());
                json!({ "vertexes": [known] })
            }
            BuildEvent::Finished { vertex, .. } => json!({ "vertexes": [self.ended(vertex, now)?] }),
            BuildEvent::Failed { vertex, reason } => {
                let mut known = self.ended(vertex, now)?;
                known.insert("error".to_owned(), reason.into());
                json!({ "vertexes": [known] })
            }
            BuildEvent::Waiting { vertex } => status(vertex, "another build does the same: waiting", &now),
            BuildEvent::Status { vertex, text } => status(vertex, &text, &now),
            BuildEvent::Output { vertex, stream, bytes } => {
                let stream = match stream {
                    OutputStream::Stdout => 1,
                    OutputStream::Stderr => 2,
                };
                let data = STANDARD.encode(bytes);
                json!({ "logs": [{ "vertex": digest(vertex), "stream": stream, "data": data, "timestamp": now }] })
            }
            BuildEvent::Warning(warning) => json!({ "warnings": [of_warning(&warning)] }),
        })
    }

    fn ended(&mut self, vertex: VertexId, now: String) -> Option<Map<String, Value>> {
        let mut known = self.running.remove(&vertex)?;
        known.insert("completed".to_owned(), now.into());
        Some(known)
    }
}

/// BuildKit names a vertex by the digest of what is done, and readers take it for a name. Here it is the vertex' number.
fn digest(vertex: VertexId) -> String {
    format!("sha256:{:064x}", vertex.0)
}

fn status(vertex: VertexId, text: &str, now: &str) -> Value {
    json!({ "statuses": [{ "id": text, "vertex": digest(vertex), "current": 0, "timestamp": now, "started": now }] })
}

fn of_warning(warning: &BuildWarning) -> Value {
    let mut object = json!({ "level": 1, "short": STANDARD.encode(warning.to_string()) });
    if let Some(rule) = warning.rule {
        object["detail"] = json!([STANDARD.encode(rule.description)]);
        object["url"] = rule.url.into();
    }
    if let Some(place) = &warning.place {
        let position = |line: usize| json!({ "line": line, "character": 0 });
        let lines = place.range.lines();
        object["range"] = json!([{ "start": position(*lines.start()), "end": position(*lines.end()) }]);
        object["sourceInfo"] = json!({ "filename": place.file });
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn events_have_the_shape_of_solve_status() {
        let mut state = State::default();
        let mut said = |event| state.event(event, OffsetDateTime::UNIX_EPOCH);
        let vertex = VertexId(3);
        let digest = format!("sha256:{}3", "0".repeat(63));
        let name = "[1/1] RUN a".to_owned();
        let now = "1970-01-01T00:00:00Z";
        assert_eq!(
            said(BuildEvent::Started { vertex, name }),
            Some(json!({ "vertexes": [{ "digest": digest, "name": "[1/1] RUN a", "started": now }] }))
        );
        let (stream, bytes) = (OutputStream::Stderr, b"\xffhi\n".to_vec());
        assert_eq!(
            said(BuildEvent::Output { vertex, stream, bytes }),
            Some(json!({ "logs": [{ "vertex": digest, "stream": 2, "data": "/2hpCg==", "timestamp": now }] }))
        );
        let took = Duration::ZERO;
        let ended = said(BuildEvent::Finished { vertex, took }).unwrap();
        assert_eq!(
            (&ended["vertexes"][0]["completed"], &ended["vertexes"][0]["started"]),
            (&now.into(), &now.into())
        );
        assert_eq!(said(BuildEvent::Planned { further: 3 }), None);
    }

    #[test]
    fn failures_and_warnings_are_told() {
        let mut state = State::default();
        let vertex = VertexId(1);
        let name = String::new();
        state.event(BuildEvent::Started { vertex, name }, OffsetDateTime::UNIX_EPOCH);
        let reason = "no".to_owned();
        let failed = state
            .event(BuildEvent::Failed { vertex, reason }, OffsetDateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(failed["vertexes"][0]["error"], "no");
        let warning = BuildWarning {
            rule: Some(container_build::BrokenRule {
                name: "UndefinedVar",
                description: "",
                url: "",
            }),
            message: "odd".to_owned(),
            place: None,
        };
        let told = state
            .event(BuildEvent::Warning(warning), OffsetDateTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(told["warnings"][0]["short"], STANDARD.encode("UndefinedVar: odd"));
    }
}
