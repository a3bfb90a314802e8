//! How an event is shown.

use std::io::{self, IsTerminal as _};
use std::str::FromStr;

use container_go_template::Template;
use container_model::Event;
use container_terminal::printable;
use serde_json::Value;
use time::{OffsetDateTime, UtcOffset};

use crate::error::CommandError;
use crate::output;

/// Attributes that templates may ask for, whether an event has them or not.
const ATTRIBUTES: [&str; 11] = [
    "container",
    "driver",
    "execDuration",
    "execID",
    "exitCode",
    "image",
    "name",
    "oldName",
    "signal",
    "type",
    "reason",
];

/// `--format`.
#[derive(Debug, Clone, Default)]
pub(super) enum EventFormat {
    /// Docker's line.
    #[default]
    Line,
    /// JSON, which is `{{json .}}` as well.
    Json,
    Template(Template),
}

impl FromStr for EventFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.replace(' ', "");
        match words.as_str() {
            "json" | "{{json.}}" => Ok(Self::Json),
            _ if text.contains("{{") => {
                let template = Template::parse(text).map_err(|error| error.to_string())?;
                Ok(Self::Template(template))
            }
            _ => Err("it is json, or a template with {{ in it: '{{.Action}} {{.Actor.ID}}'".to_owned()),
        }
    }
}

impl EventFormat {
    /// The line of an event, with its end.
    pub(super) fn render(&self, event: &Event) -> Result<String, CommandError> {
        match self {
            Self::Line => Ok(line(event)),
            Self::Json => output::Format::Json.render(event.to_json()),
            Self::Template(template) => {
                let as_json = output::lines(template, &[event.to_json()]);
                // It may ask by the names that fields have in Go, or for attributes that other events have.
                as_json.or_else(|_| output::lines(template, &[with_all_fields(event)]))
            }
        }
    }
}

/// An event with the fields that templates know beside those of its JSON.
fn with_all_fields(event: &Event) -> Value {
    let mut value = event.to_json();
    for (field, key) in [("Scope", "scope"), ("Time", "time"), ("TimeNano", "timeNano")] {
        value[field] = value[key].clone();
    }
    value["Status"] = event.action.as_str().into();
    value["ID"] = event.id.as_str().into();
    value["From"] = event
        .attributes
        .get("image")
        .map(String::as_str)
        .unwrap_or_default()
        .into();
    if let Some(attributes) = value["Actor"]["Attributes"].as_object_mut() {
        for name in ATTRIBUTES {
            attributes.entry(name).or_insert(Value::Null);
        }
    }
    value
}

/// `TIME TYPE ACTION ID (KEY=VALUE, ...)`, in UTC.
fn line(event: &Event) -> String {
    let mut line = format!("{} {} {} {}", moment(event.at), event.kind, event.action, event.id);
    if !event.attributes.is_empty() {
        let pairs = event.attributes.iter().map(|(key, value)| format!("{key}={value}"));
        line = format!("{line} ({})", pairs.collect::<Vec<_>>().join(", "));
    }
    match io::stdout().is_terminal() {
        true => format!("{}\n", printable(&line)),
        // Labels and commands may have several lines, an event has one.
        false => format!("{}\n", line.replace('\n', " ")),
    }
}

/// RFC 3339 with nine digits behind the point, so that lines are aligned.
fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second, nanosecond) = at.to_hms_nano();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::EventType;

    fn die() -> Event {
        let mut event = Event::now(EventType::Container, "die", "web")
            .with("name", "web")
            .with("exitCode", 3)
            .with("note", "a\nb");
        event.at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_000_000_089).unwrap();
        event
    }

    fn rendered(format: &str) -> String {
        format.parse::<EventFormat>().unwrap().render(&die()).unwrap()
    }

    #[test]
    fn a_line_is_dockers() {
        let expected = "2023-11-14T22:13:20.000000089Z container die web (exitCode=3, name=web, note=a b)\n";
        assert_eq!(EventFormat::default().render(&die()).unwrap(), expected);
    }

    #[test]
    fn json_and_templates_have_dockers_fields() {
        let json = rendered("json");
        assert_eq!(rendered("{{ json . }}"), json);
        assert_eq!(Event::parse(json.as_bytes()), Some(die()));
        for (format, expected) in [
            (
                "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.exitCode}}",
                "container die web 3\n",
            ),
            (
                "{{.time}} {{.TimeNano}} {{.Scope}}",
                "1700000000 1700000000000000089 local\n",
            ),
            (
                "{{.Status}} {{.ID}} {{.From}} {{.Actor.Attributes.signal}}",
                "die web  <no value>\n",
            ),
        ] {
            assert_eq!(rendered(format), expected, "{format}");
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        assert!("table".parse::<EventFormat>().unwrap_err().contains("json"));
        assert!("{{.Type".parse::<EventFormat>().is_err());
        let format: EventFormat = "{{.Typ}}".parse().unwrap();
        assert!(format.render(&die()).is_err());
    }
}
