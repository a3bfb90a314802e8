//! Events: telling them, and reading those that others have told.

use std::collections::VecDeque;
use std::time::Duration;

use container_model::{ContainerConfig, Event, EventType, NetworkName, VolumeName};
use container_oci::Reference;
use container_state::{EventFollower, EventLog, EventsFrom};
use time::OffsetDateTime;

use crate::{Engine, EngineError};

/// How often a file that nothing has happened to is looked at again.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

/// Which events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventsRequest {
    /// Those of this moment and later ones. Without it those that happen from now on, or with `until` all that are remembered.
    pub since: Option<OffsetDateTime>,
    /// Those of this moment and earlier ones. Without it reading does not end.
    pub until: Option<OffsetDateTime>,
}

impl EventsRequest {
    fn covers(&self, at: OffsetDateTime) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }
}

/// Events being read.
#[derive(Debug)]
pub struct EventReader {
    follower: EventFollower,
    request: EventsRequest,
    read: VecDeque<Event>,
    /// The time is over for which events were asked, and those that were told by then have been read.
    is_over: bool,
}

impl Engine {
    /// Begins to read events.
    ///
    /// # Errors
    /// [`EngineError::Events`] when they cannot be read.
    pub fn events(&self, request: EventsRequest) -> Result<EventReader, EngineError> {
        let from = match request {
            EventsRequest {
                since: None,
                until: None,
            } => EventsFrom::Now,
            _ => EventsFrom::Beginning,
        };
        Ok(EventReader {
            follower: self.events.follow(from).map_err(EngineError::Events)?,
            request,
            read: VecDeque::new(),
            is_over: false,
        })
    }

    /// Tells what has happened.
    pub(crate) fn tell(&self, event: &Event) {
        tell(&self.events, event);
    }

    /// Tells what has happened to a container that is no machine of a build.
    pub(crate) fn tell_of_container(&self, config: &ContainerConfig, action: &str) {
        if config.build.is_none() {
            self.tell(&Event::of_container(config, action));
        }
    }

    /// Tells what has happened to an image: `id` is its digest, or its name where a registry is involved, as in Docker.
    pub(crate) fn tell_of_image(&self, action: &str, id: &impl ToString, name: &Reference) {
        self.tell(&Event::now(EventType::Image, action, id.to_string()).with("name", name.familiar()));
    }

    /// Tells what has happened to a volume.
    pub(crate) fn tell_of_volume(&self, action: &str, name: &VolumeName) {
        self.tell(&Event::now(EventType::Volume, action, name.to_string()).with("driver", "local"));
    }

    /// Tells what has happened to a network.
    pub(crate) fn tell_of_network(&self, action: &str, name: &NetworkName) {
        let event = Event::now(EventType::Network, action, name.to_string());
        self.tell(&event.with("name", name).with("type", "bridge"));
    }
}

/// Tells what has happened. That it cannot be told changes nothing of it.
pub(crate) fn tell(events: &EventLog, event: &Event) {
    if let Err(error) = events.append(event) {
        tracing::debug!(%error, action = event.action, "cannot tell an event");
    }
}

impl EventReader {
    /// The next event; `None` once the time is over for which events were asked.
    ///
    /// # Errors
    /// [`EngineError::Events`] when they cannot be read.
    pub async fn next(&mut self) -> Result<Option<Event>, EngineError> {
        loop {
            while let Some(event) = self.read.pop_front() {
                if self.request.covers(event.at) {
                    return Ok(Some(event));
                }
            }
            if self.is_over {
                return Ok(None);
            }
            // Before the look: what was told by then is found by it.
            let left = self.request.until.map(|until| until - OffsetDateTime::now_utc());
            self.is_over = left.is_some_and(|left| !left.is_positive());
            self.read = self.follower.read().map_err(EngineError::Events)?.into();
            if self.read.is_empty() && !self.is_over {
                let left = left.map_or(FOLLOW_INTERVAL, time::Duration::unsigned_abs);
                tokio::time::sleep(left.min(FOLLOW_INTERVAL)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, at: i64) -> Event {
        let mut event = Event::now(EventType::Volume, "create", id);
        event.at = OffsetDateTime::from_unix_timestamp(at).unwrap();
        event
    }

    async fn ids(engine: &Engine, since: Option<i64>, until: Option<i64>) -> Vec<String> {
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let request = EventsRequest {
            since: since.map(at),
            until: until.map(at),
        };
        let mut reader = engine.events(request).unwrap();
        let mut ids = Vec::new();
        while let Some(event) = reader.next().await.unwrap() {
            ids.push(event.id);
        }
        ids
    }

    #[tokio::test]
    async fn events_of_a_time_that_is_over_are_read_and_end() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        assert!(ids(&engine, None, Some(9)).await.is_empty());
        for (id, at) in [("one", 1), ("two", 2), ("three", 3)] {
            engine.tell(&event(id, at));
        }
        assert_eq!(ids(&engine, None, Some(9)).await, ["one", "two", "three"]);
        assert_eq!(ids(&engine, Some(2), Some(9)).await, ["two", "three"]);
        assert_eq!(ids(&engine, Some(2), Some(2)).await, ["two"]);
    }

    #[tokio::test]
    async fn what_happens_is_told_and_followed() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        engine.tell(&event("before", 1));
        let mut reader = engine.events(EventsRequest::default()).unwrap();
        let name: VolumeName = "data".parse().unwrap();
        engine.tell_of_volume("create", &name);
        engine.tell_of_network("destroy", &NetworkName::default_network());
        let told = reader.next().await.unwrap().unwrap();
        assert_eq!(
            (told.kind, told.action.as_str(), told.id.as_str()),
            (EventType::Volume, "create", "data")
        );
        let told = reader.next().await.unwrap().unwrap();
        assert_eq!(told.attributes["type"], "bridge");
    }

    #[test]
    fn what_cannot_be_told_has_happened_all_the_same() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        std::fs::create_dir(engine.paths.events()).unwrap();
        engine.tell_of_volume("create", &"data".parse().unwrap());
    }
}
