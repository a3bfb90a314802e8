//! Lines of the protocol (docs/interop/qmp-spec.txt of QEMU).

use serde_json::{Value, json};

/// What QEMU sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Message {
    /// The first line of a connection.
    Greeting,
    /// The answer to the command with this number.
    Return { id: u64, value: Value },
    /// The refusal of a command; without a number when QEMU could not read the command.
    Error { id: Option<u64>, description: String },
    /// Something that happened.
    Event(Event),
    /// Events that mean nothing here, and kinds of messages to come.
    Other,
}

/// What happened to the machine (qapi/block-core.json, qapi/run-state.json and qapi/migration.json of QEMU).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// `BLOCK_IO_ERROR` that stops the machine: this node could not be read or written.
    DiskStops {
        /// Its name, as `-blockdev` has it.
        node: String,
    },
    /// `STOP`: the processors stand still.
    Stop,
    /// `RESUME`: they go on.
    Resume,
    /// `MIGRATION`: what the machine is at the end of saving or loading its state. Told where the capability `events` is on.
    Migrated {
        /// Whether it succeeded.
        is_complete: bool,
    },
}

/// Reads one line; `None` when it is not JSON.
pub(super) fn parse(line: &[u8]) -> Option<Message> {
    let mut value: Value = serde_json::from_slice(line).ok()?;
    let id = value.get("id").and_then(Value::as_u64);
    if let Some(error) = value.get("error") {
        let description = error
            .get("desc")
            .and_then(Value::as_str)
            .unwrap_or("no reason given")
            .to_owned();
        return Some(Message::Error { id, description });
    }
    if let (Some(id), Some(returned)) = (id, value.get_mut("return")) {
        let value = returned.take();
        return Some(Message::Return { id, value });
    }
    if value.get("QMP").is_some() {
        return Some(Message::Greeting);
    }
    Some(event(&value).map_or(Message::Other, Message::Event))
}

fn event(value: &Value) -> Option<Event> {
    let data = |key| value.pointer(&format!("/data/{key}"))?.as_str();
    match value.get("event")?.as_str()? {
        "BLOCK_IO_ERROR" if data("action") == Some("stop") => Some(Event::DiskStops {
            node: data("node-name").unwrap_or_default().to_owned(),
        }),
        "STOP" => Some(Event::Stop),
        "RESUME" => Some(Event::Resume),
        "MIGRATION" => match data("status")? {
            "completed" => Some(Event::Migrated { is_complete: true }),
            "failed" | "cancelled" => Some(Event::Migrated { is_complete: false }),
            // It goes on.
            _ => None,
        },
        _ => None,
    }
}

/// Writes one command.
pub(super) fn command(id: u64, name: &str, arguments: Option<&Value>) -> Vec<u8> {
    let mut command = json!({ "execute": name, "id": id });
    if let (Some(arguments), Some(fields)) = (arguments, command.as_object_mut()) {
        fields.insert("arguments".to_owned(), arguments.clone());
    }
    format!("{command}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_line_is_told() {
        let greeting = br#"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}"#;
        assert_eq!(parse(greeting), Some(Message::Greeting));
        let answer = Message::Return {
            id: 4,
            value: json!({ "status": "running" }),
        };
        assert_eq!(parse(br#"{"return": {"status": "running"}, "id": 4}"#), Some(answer));
        assert_eq!(
            parse(br#"{"event": "SHUTDOWN", "timestamp": {}}"#),
            Some(Message::Other)
        );
        let error = br#"{"id": 5, "error": {"class": "GenericError", "desc": "no such file"}}"#;
        assert_eq!(
            parse(error),
            Some(Message::Error {
                id: Some(5),
                description: "no such file".to_owned()
            })
        );
        assert_eq!(parse(b"QEMU 7"), None);
    }

    #[test]
    fn only_errors_of_disks_that_stop_the_machine_are_told() {
        let line = |action: &str| {
            let data = json!({
                "device": "", "node-name": "disk1", "operation": "write", "action": action, "nospace": true,
                "reason": "No space left on device",
            });
            json!({ "event": "BLOCK_IO_ERROR", "data": data, "timestamp": {} }).to_string()
        };
        let node = "disk1".to_owned();
        assert_eq!(
            parse(line("stop").as_bytes()),
            Some(Message::Event(Event::DiskStops { node }))
        );
        assert_eq!(parse(line("report").as_bytes()), Some(Message::Other));
        assert_eq!(parse(br#"{"event": "STOP"}"#), Some(Message::Event(Event::Stop)));
        assert_eq!(parse(br#"{"event": "RESUME"}"#), Some(Message::Event(Event::Resume)));
    }

    #[test]
    fn only_the_end_of_a_migration_is_told() {
        let line = |status: &str| json!({ "event": "MIGRATION", "data": { "status": status } }).to_string();
        let told = |status| parse(line(status).as_bytes());
        for status in ["setup", "active", "device", "wait-unplug"] {
            assert_eq!(told(status), Some(Message::Other), "{status}");
        }
        for (status, is_complete) in [("completed", true), ("failed", false)] {
            assert_eq!(told(status), Some(Message::Event(Event::Migrated { is_complete })));
        }
    }

    #[test]
    fn a_command_is_one_line() {
        let line = command(3, "stop", None);
        assert_eq!(
            serde_json::from_slice::<Value>(&line).unwrap(),
            json!({ "execute": "stop", "id": 3 })
        );
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_parser(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line);
        }
    }
}
