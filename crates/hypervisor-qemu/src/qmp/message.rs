//! Lines of the protocol (docs/interop/qmp-spec.txt of QEMU).

use serde_json::{Value, json};

/// What QEMU sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// The first line of a connection.
    Greeting,
    /// The answer to the command with this number.
    Return { id: u64 },
    /// The refusal of a command; without a number when QEMU could not read the command.
    Error { id: Option<u64>, description: String },
    /// Anything that happened, and kinds of messages to come.
    Other,
}

/// Reads one line; `None` when it is not JSON.
pub(super) fn parse(line: &[u8]) -> Option<Message> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let id = value.get("id").and_then(Value::as_u64);
    if let Some(error) = value.get("error") {
        let description = error
            .get("desc")
            .and_then(Value::as_str)
            .unwrap_or("no reason given")
            .to_owned();
        return Some(Message::Error { id, description });
    }
    Some(match id {
        Some(id) if value.get("return").is_some() => Message::Return { id },
        _ if value.get("QMP").is_some() => Message::Greeting,
        _ => Message::Other,
    })
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
        assert_eq!(parse(br#"{"return": {}, "id": 4}"#), Some(Message::Return { id: 4 }));
        assert_eq!(parse(br#"{"event": "STOP", "timestamp": {}}"#), Some(Message::Other));
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
