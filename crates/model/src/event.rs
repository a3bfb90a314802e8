//! What has happened to containers, images, volumes and networks, in the words of Docker's events.
//!
//! An event is a line of JSON in the shape of Docker's API (`GET /events`, "EventMessage"), less the fields that it calls deprecated.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ContainerConfig, NetworkName};

/// What an event happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// A container.
    Container,
    /// An image, or a name of one.
    Image,
    /// A volume.
    Volume,
    /// A network.
    Network,
}

impl EventType {
    /// All types.
    pub const ALL: [Self; 4] = [Self::Container, Self::Image, Self::Volume, Self::Network];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::Volume => "volume",
            Self::Network => "network",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No type of events has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no type of events: it is one of container, image, volume, network")]
pub struct EventTypeError(String);

impl FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| EventTypeError(text.to_owned()))
    }
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it has happened to.
    pub kind: EventType,
    /// What has happened: `create`, `die`, `exec_create: sh -c date`.
    pub action: String,
    /// The id of what it has happened to.
    pub id: String,
    /// What more is to be said: `name`, `image`, `exitCode`, and the labels.
    pub attributes: BTreeMap<String, String>,
    /// When, to the nanosecond.
    pub at: OffsetDateTime,
}

impl Event {
    /// Something that has happened at this moment.
    #[must_use]
    pub fn now(kind: EventType, action: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            kind,
            action: action.into(),
            id: id.into(),
            attributes: BTreeMap::new(),
            at: OffsetDateTime::now_utc(),
        }
    }

    /// Something that has happened to a container at this moment: with its labels, its name and that of its image.
    #[must_use]
    pub fn of_container(config: &ContainerConfig, action: impl Into<String>) -> Self {
        let mut event = Self::now(EventType::Container, action, config.id.as_str());
        event.attributes.clone_from(&config.labels);
        event
            .with("image", config.image.reference.familiar())
            .with("name", config.id.as_str())
    }

    /// Something that has happened at this moment between a network and a container.
    #[must_use]
    pub fn of_network(config: &ContainerConfig, network: &NetworkName, action: impl Into<String>) -> Self {
        Self::now(EventType::Network, action, network.to_string())
            .with("container", &config.id)
            .with("name", network)
            .with("type", "bridge")
    }

    /// The same event with one more attribute.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.attributes.insert(key.to_owned(), value.to_string());
        self
    }

    /// Reads a line of JSON. What is no such line, such as what a full disk has left of one, or what a newer program has to say, is no event.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let message: Message = serde_json::from_slice(line).ok()?;
        Some(Self {
            kind: message.kind,
            action: message.action,
            id: message.actor.id,
            attributes: message.actor.attributes,
            at: OffsetDateTime::from_unix_timestamp_nanos(message.time_nano.into()).ok()?,
        })
    }

    /// The line, as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let message = Message {
            kind: self.kind,
            action: self.action.clone(),
            actor: Actor {
                id: self.id.clone(),
                attributes: self.attributes.clone(),
            },
            scope: SCOPE.to_owned(),
            time: self.at.unix_timestamp(),
            // Until the year 2262.
            time_nano: i64::try_from(self.at.unix_timestamp_nanos()).unwrap_or(i64::MAX),
        };
        // Texts and numbers under texts can always be shown.
        serde_json::to_value(message).unwrap_or_default()
    }
}

/// Where all events happen, as Docker says of what is not of its swarm.
const SCOPE: &str = "local";

/// An event as Docker writes it.
#[derive(Serialize, Deserialize)]
struct Message {
    #[serde(rename = "Type")]
    kind: EventType,
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    time: i64,
    #[serde(rename = "timeNano")]
    time_nano: i64,
}

#[derive(Serialize, Deserialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes", default)]
    attributes: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_event_has_dockers_shape() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        let mut event = Event::now(EventType::Container, "die", "web").with("exitCode", 3);
        event.at = at;
        let expected = serde_json::json!({
            "Type": "container", "Action": "die", "Actor": { "ID": "web", "Attributes": { "exitCode": "3" } },
            "scope": "local", "time": 1_700_000_000, "timeNano": 1_700_000_000_123_456_789_i64,
        });
        assert_eq!(event.to_json(), expected);
        assert_eq!(Event::parse(expected.to_string().as_bytes()), Some(event));
    }

    #[test]
    fn what_is_no_event_is_none() {
        let whole = Event::now(EventType::Image, "pull", "alpine:latest")
            .to_json()
            .to_string();
        for length in 0..whole.len() {
            assert_eq!(Event::parse(&whole.as_bytes()[..length]), None);
            assert_eq!(Event::parse(&whole.as_bytes()[length + 1..]), None);
        }
        assert_eq!(Event::parse(whole.replace("image", "plugin").as_bytes()), None);
        assert_eq!(Event::parse(whole.replace("timeNano", "nano").as_bytes()), None);
    }

    proptest! {
        #[test]
        fn every_event_is_one_line_that_reads_back(
            kind in 0..EventType::ALL.len(),
            (action, id) in (any::<String>(), any::<String>()),
            attributes in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4),
            nanoseconds in any::<i64>(),
        ) {
            let at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).unwrap();
            let event = Event { kind: EventType::ALL[kind], action, id, attributes, at };
            let line = event.to_json().to_string();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Event::parse(line.as_bytes()), Some(event));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes: Vec<u8>) {
            let _ = Event::parse(&bytes);
        }
    }
}
