//! A container as scripts see it: the JSON shape of Apple's tool, with what it lacks added to `status`.

use container_engine::ContainerView;
use container_model::Phase;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `{configuration, id, status{state, networks, startedDate, …}}`. What was not observed is left out of `status`.
pub(crate) fn container_json(view: &ContainerView) -> Value {
    let configuration = serde_json::to_value(&view.config).unwrap_or_default();
    json!({
        "configuration": configuration,
        "id": view.id().as_str(),
        "status": status(view),
    })
}

fn status(view: &ContainerView) -> Value {
    let mut status = Map::new();
    status.insert("state".to_owned(), view.label().into());
    status.insert("networks".to_owned(), json!([]));
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            status.insert(key.to_owned(), value);
        }
    };
    let phase = &view.state.phase;
    add("startedDate", phase.started().map(|at| timestamp(at).into()));
    if let Phase::Stopped {
        finished, exit, reason, ..
    } = phase
    {
        add("finishedDate", finished.map(|at| timestamp(at).into()));
        add("exitCode", exit.map(|exit| exit.exit_code.into()));
        add("signal", exit.and_then(|exit| exit.signal).map(Value::from));
        add("oomKilled", exit.map(|exit| exit.oom_killed.into()));
        add("reason", reason.clone().map(Value::from));
    }
    Value::Object(status)
}

/// ISO 8601 to the second, in UTC.
pub(crate) fn timestamp(at: OffsetDateTime) -> String {
    let utc = at.to_offset(time::UtcOffset::UTC);
    utc.replace_nanosecond(0)
        .unwrap_or(utc)
        .format(&Rfc3339)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_8601_to_the_second() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        assert_eq!(timestamp(at), "2023-11-14T22:13:20Z");
    }
}
