//! A container as scripts see it: the JSON shape of Apple's tool, with what it lacks added to `status`.

use super::configuration::configuration;
use std::path::PathBuf;

use container_engine::{ContainerView, Engine};
use container_model::{Phase, VolumeName};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `{configuration, id, status{state, networks, startedDate, …}}`. What was not observed is left out of `status`.
pub(crate) fn container_json(view: &ContainerView, engine: &Engine) -> Value {
    shown(view, &|volume| engine.volume_image(volume))
}

fn shown(view: &ContainerView, volume_image: &dyn Fn(&VolumeName) -> PathBuf) -> Value {
    json!({
        "configuration": configuration(&view.config, volume_image),
        "id": view.id().as_str(),
        "status": status(view),
    })
}

fn status(view: &ContainerView) -> Value {
    let mut status = Map::new();
    status.insert("state".to_owned(), view.label().into());
    status.insert("networks".to_owned(), json!(view.state.networks));
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            status.insert(key.to_owned(), value);
        }
    };
    let ports = &view.state.published_ports;
    add("publishedPorts", (!ports.is_empty()).then(|| json!(ports)));
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
    use std::path::Path;

    use container_model::{Standing, upgrade_config};

    /// What that program did not show, and what it is now for its containers, which were on no network.
    const NOT_SHOWN_THEN: [(&str, &str); 3] = [
        ("networks", "[]"),
        ("publishedPorts", "[]"),
        ("dns", r#"{"nameservers":[],"searchDomains":[],"options":[]}"#),
    ];

    /// What `inspect` showed of containers whose records are in `version1/`, when they had been written.
    #[test]
    fn containers_are_shown_as_by_the_program_that_recorded_them() {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/version1");
        let read = |path: &str| -> Option<Value> {
            let text = std::fs::read_to_string(files.join(path)).ok()?;
            Some(serde_json::from_str(&text).unwrap())
        };
        let body = |path: &str| {
            let Value::Object(mut fields) = read(path)? else {
                panic!("{path} is no record");
            };
            fields.remove("version");
            Some(fields)
        };
        for shown in ["inspect.json", "list.json"] {
            let Some(Value::Array(shown)) = read(shown) else {
                panic!("{shown} is no list");
            };
            assert_eq!(shown.len(), 8);
            for shown in shown {
                let id = shown["id"].as_str().unwrap();
                let config = upgrade_config(1, body(&format!("{id}/config.json")).unwrap()).unwrap();
                let state =
                    body(&format!("{id}/state.json")).map(|state| serde_json::from_value(state.into()).unwrap());
                let view = ContainerView {
                    config: serde_json::from_value(config.into()).unwrap(),
                    state: state.unwrap_or_default(),
                    standing: Standing::AtRest,
                };
                let mut now = super::shown(&view, &|_| PathBuf::new());
                for (key, of_old_containers) in NOT_SHOWN_THEN {
                    let added = now["configuration"].as_object_mut().unwrap().remove(key).unwrap();
                    assert_eq!(
                        added,
                        serde_json::from_str::<Value>(of_old_containers).unwrap(),
                        "{id}: {key}"
                    );
                }
                assert_eq!(now, shown, "{id}");
            }
        }
    }

    #[test]
    fn an_unknown_phase_is_shown_by_its_name() {
        let config = include_str!("../../../model/tests/version1/made/config.json");
        let Value::Object(mut config) = serde_json::from_str(config).unwrap() else {
            panic!("no record");
        };
        config.remove("version");
        let view = ContainerView {
            config: serde_json::from_value(upgrade_config(1, config).unwrap().into()).unwrap(),
            state: serde_json::from_value(json!({ "phase": { "name": "paused", "since": 1 } })).unwrap(),
            standing: Standing::Live,
        };
        assert_eq!(
            super::shown(&view, &|_| PathBuf::new())["status"],
            json!({ "state": "paused", "networks": [] })
        );
    }

    #[test]
    fn times_are_iso_8601_to_the_second() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        assert_eq!(timestamp(at), "2023-11-14T22:13:20Z");
    }
}
