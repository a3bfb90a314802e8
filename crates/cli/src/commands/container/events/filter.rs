//! `--filter` of events, as Docker has it.

use container_model::{Event, EventType};

use crate::arguments::{Filter, Filters};

const KEYS: [&str; 7] = ["container", "image", "volume", "network", "type", "event", "label"];

/// Reads a filter.
pub(super) fn event_filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text, &KEYS)?.check_value("type", &EventType::ALL.map(EventType::as_str))
}

/// Whether an event passes the filters of every key; of several with one key one is enough, but of labels all are needed.
pub(super) fn pass(filters: &[Filter], event: &Event) -> bool {
    let filters = Filters(filters);
    // A name, or how it begins.
    let is_of = |kind: EventType| {
        filters.pass(kind.as_str(), |value| {
            let name = event.attributes.get("name");
            let is_named = |text: &str| text.starts_with(value);
            event.kind == kind && (is_named(&event.id) || name.is_some_and(|name| is_named(name)))
        })
    };
    filters.pass("type", |value| value == event.kind.as_str())
        && filters.pass("event", |value| is_action(&event.action, value))
        && is_of(EventType::Container)
        && is_of(EventType::Volume)
        && is_of(EventType::Network)
        && filters.pass("image", |value| is_image(event, value))
        && filters.pass_labels(&event.attributes)
}

/// Whether an action is this one: `exec_create` is `exec_create: date` as well.
fn is_action(action: &str, value: &str) -> bool {
    action == value || action.split_once(": ").is_some_and(|(word, _)| word == value)
}

/// Whether an event is about an image, or a container of it, by its name with or without the tag.
fn is_image(event: &Event, value: &str) -> bool {
    let name = match event.kind {
        EventType::Image => event.attributes.get("name"),
        _ => event.attributes.get("image"),
    };
    let names = [Some(&event.id).filter(|_| event.kind == EventType::Image), name];
    names
        .into_iter()
        .flatten()
        .any(|name| name == value || without_tag(name) == value)
}

/// A name of an image without its tag: a colon before the last slash is that of a registry's port.
fn without_tag(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((short, tag)) if !tag.contains('/') => short,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(texts: &[&str], event: &Event) -> bool {
        let filters: Vec<Filter> = texts.iter().map(|text| event_filter(text).unwrap()).collect();
        pass(&filters, event)
    }

    #[test]
    fn an_event_passes_one_filter_of_each_key() {
        let exec = Event::now(EventType::Container, "exec_create: sh -c date", "web")
            .with("name", "web")
            .with("image", "localhost:5000/app:1")
            .with("tier", "front");
        for (filters, is_passed) in [
            (&[][..], true),
            (&["type=container"], true),
            (&["type=image"], false),
            (&["type=image", "type=container"], true),
            (&["event=exec_create"], true),
            (&["event=exec_create: sh -c date"], true),
            (&["event=exec"], false),
            (&["event=die", "event=exec_create"], true),
            (&["container=web"], true),
            (&["container=we"], true),
            (&["container=db"], false),
            (&["container=db", "container=web"], true),
            (&["container=web", "event=die"], false),
            (&["volume=web"], false),
            (&["network=web"], false),
            (&["image=localhost:5000/app:1"], true),
            (&["image=localhost:5000/app"], true),
            (&["image=localhost"], false),
            (&["image=web"], false),
            (&["label=tier"], true),
            (&["label=tier=front"], true),
            (&["label=tier=back"], false),
            (&["label=tier", "label=other"], false),
        ] {
            assert_eq!(passes(filters, &exec), is_passed, "{filters:?}");
        }
        let health = Event::now(EventType::Container, "health_status: unhealthy", "web");
        assert!(passes(&["event=health_status"], &health) && passes(&["event=health_status: unhealthy"], &health));
        assert!(!passes(&["event=health_status: healthy"], &health));
        let pull = Event::now(EventType::Image, "pull", "alpine:3").with("name", "alpine:3");
        assert!(passes(&["image=alpine"], &pull) && !passes(&["container=alpine"], &pull));
        let network = Event::now(EventType::Network, "connect", "web").with("container", "db");
        assert!(passes(&["network=web"], &network) && !passes(&["container=web"], &network));
    }

    #[test]
    fn keys_and_types_that_there_are_not_are_refused() {
        assert!(event_filter("plugin=x").unwrap_err().contains("there are container"));
        assert!(event_filter("type=daemon").unwrap_err().contains("one of container"));
    }
}
