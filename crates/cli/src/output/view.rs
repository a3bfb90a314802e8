//! A container as scripts see it: the JSON shape of Apple's tool, with what it lacks added to `status`.

use super::configuration::configuration;
use std::path::PathBuf;

use container_engine::{ContainerView, Engine};
use container_model::{Health, HealthResult, LastRun, OomKills, Phase, VolumeName};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `{configuration, id, status{state, networks, startedDate, …}}`. What was not observed is left out of `status`.
pub(crate) fn container_json(view: &ContainerView, engine: &Engine) -> Value {
    shown(view, &|volume| engine.volume_source(volume))
}

/// The same, with the reason for which the container stands still for the moment.
pub(crate) fn with_pause(mut shown: Value, paused: Option<String>) -> Value {
    if let (Some(reason), Some(status)) = (paused, shown["status"].as_object_mut()) {
        status.insert("paused".to_owned(), reason.into());
    }
    shown
}

/// The same with what the container takes on the disk.
pub(crate) fn with_size(mut shown: Value, size_bytes: u64) -> Value {
    if let Some(status) = shown["status"].as_object_mut() {
        status.insert("sizeInBytes".to_owned(), size_bytes.into());
    }
    shown
}

fn shown(view: &ContainerView, volume_source: &dyn Fn(&VolumeName) -> PathBuf) -> Value {
    json!({
        "configuration": configuration(&view.config, volume_source),
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
    if let Some(last) = last_run(phase) {
        let exit = last.exit;
        add("finishedDate", last.finished.map(|at| timestamp(at).into()));
        add("exitCode", exit.map(|exit| exit.exit_code.into()));
        add("signal", exit.and_then(|exit| exit.signal).map(Value::from));
        add("oomKilled", exit.map(|exit| exit.oom_killed.into()));
        add("reason", last.reason.map(Value::from));
    }
    let (policy, count) = (view.config.options.restart, view.state.restart_count);
    add("restartCount", (!policy.is_no() || count > 0).then(|| count.into()));
    add("health", view.state.health.as_ref().map(health));
    add("oomKills", view.state.oom_kills.as_ref().map(oom_kills));
    Value::Object(status)
}

fn health(found: &Health) -> Value {
    let result = |result: &HealthResult| {
        json!({
            "start": precise(result.start),
            "end": precise(result.end),
            "exitCode": result.exit_code,
            "output": result.output,
        })
    };
    json!({
        "status": found.status.as_str(),
        "failingStreak": found.failing_streak,
        "log": found.log.iter().map(result).collect::<Value>(),
    })
}

/// How many processes the kernel has killed for lack of memory, and what is known of the last one.
fn oom_kills(kills: &OomKills) -> Value {
    let last = &kills.last;
    let mut shown = json!({ "count": kills.count, "date": timestamp(last.at) });
    if let Some(process) = &last.process {
        shown["process"] = process.as_str().into();
    }
    if let Some(pid) = last.pid {
        shown["pid"] = pid.into();
    }
    if let Some(resident_bytes) = last.resident_bytes {
        shown["residentBytes"] = resident_bytes.into();
    }
    shown
}

/// How the last run ended, of a container that does not run at the moment.
pub(super) fn last_run(phase: &Phase) -> Option<LastRun> {
    match phase {
        Phase::Starting { after } => after.clone(),
        Phase::Stopped {
            started,
            finished,
            exit,
            reason,
        } => Some(LastRun {
            started: *started,
            finished: *finished,
            exit: *exit,
            reason: reason.clone(),
            ..LastRun::default()
        }),
        _ => None,
    }
}

/// `2023-11-14 22:13:20 +0000 UTC`, as Docker shows times, in UTC.
pub(crate) fn docker_time(at: OffsetDateTime) -> String {
    let shown = timestamp(at).replace('T', " ");
    format!("{} +0000 UTC", shown.trim_end_matches('Z'))
}

/// RFC 3339 with as many digits of the second as there are, in UTC.
pub(super) fn precise(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
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

    /// What that program did not show, and what it is now for its containers, which were on no network and published nothing.
    const NOT_SHOWN_THEN: [(&str, &str); 5] = [
        ("networks", "[]"),
        ("publishedPorts", "[]"),
        ("publishedSockets", "[]"),
        ("ssh", "false"),
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

    fn view(state: Value) -> ContainerView {
        let config = include_str!("../../../model/tests/version1/made/config.json");
        let Value::Object(mut config) = serde_json::from_str(config).unwrap() else {
            panic!("no record");
        };
        config.remove("version");
        ContainerView {
            config: serde_json::from_value(upgrade_config(1, config).unwrap().into()).unwrap(),
            state: serde_json::from_value(state).unwrap(),
            standing: Standing::Live,
        }
    }

    #[test]
    fn an_unknown_phase_is_shown_by_its_name() {
        let view = view(json!({ "phase": { "name": "paused", "since": 1 } }));
        assert_eq!(
            super::shown(&view, &|_| PathBuf::new())["status"],
            json!({ "state": "paused", "networks": [] })
        );
    }

    #[test]
    fn a_container_that_is_started_again_is_shown_with_its_last_run() {
        let mut view = view(json!({ "phase": { "name": "starting", "restarting": {
            "started": "1970-01-01T00:00:00Z", "finished": "1970-01-01T00:00:02Z",
            "exit": { "exitCode": 3, "oomKilled": true }, "reason": "no memory was left",
        } } }));
        view.config.options.restart = "on-failure:5".parse().unwrap();
        view.state.restart_count = 2;
        let shown = super::shown(&view, &|_| PathBuf::new());
        assert_eq!(
            shown["status"],
            json!({
                "state": "restarting", "networks": [], "startedDate": "1970-01-01T00:00:00Z", "restartCount": 2,
                "finishedDate": "1970-01-01T00:00:02Z", "exitCode": 3, "oomKilled": true, "reason": "no memory was left",
            })
        );
        assert_eq!(
            shown["configuration"]["options"]["restartPolicy"],
            json!({ "name": "on-failure", "maximumRetryCount": 5 })
        );
    }

    #[test]
    fn what_checks_have_found_is_beside_the_state() {
        let view = view(json!({
            "phase": { "name": "running", "started": "1970-01-01T00:00:00Z" },
            "health": { "status": "unhealthy", "failing_streak": 3, "log": [
                { "start": "1970-01-01T00:00:01.5Z", "end": "1970-01-01T00:00:02Z", "exit_code": -1, "output": "too long" },
            ] },
        }));
        assert_eq!(
            super::shown(&view, &|_| PathBuf::new())["status"]["health"],
            json!({ "status": "unhealthy", "failingStreak": 3, "log": [
                { "start": "1970-01-01T00:00:01.5Z", "end": "1970-01-01T00:00:02Z", "exitCode": -1, "output": "too long" },
            ] })
        );
    }

    #[test]
    fn what_the_kernel_has_killed_is_beside_the_state() {
        let running = json!({ "name": "running", "started": "1970-01-01T00:00:00Z" });
        let shown = |kills: Value| {
            let view = view(json!({ "phase": running, "oom_kills": kills }));
            super::shown(&view, &|_| PathBuf::new())["status"]["oomKills"].clone()
        };
        let at = "1970-01-01T00:00:01.5Z";
        assert_eq!(
            shown(json!({ "count": 2, "at": at, "process": "a) (b", "pid": 7, "resident_bytes": 4096 })),
            json!({ "count": 2, "date": "1970-01-01T00:00:01Z", "process": "a) (b", "pid": 7, "residentBytes": 4096 })
        );
        assert_eq!(
            shown(json!({ "count": 1, "at": at })),
            json!({ "count": 1, "date": "1970-01-01T00:00:01Z" })
        );
        assert_eq!(shown(json!("many")), Value::Null);
    }

    #[test]
    fn a_container_that_stands_still_is_shown_with_the_reason() {
        let running = json!({ "id": "web", "status": { "state": "running" } });
        assert_eq!(with_pause(running.clone(), None), running);
        let paused = with_pause(running, Some("the host's disk is full".to_owned()));
        assert_eq!(
            paused["status"],
            json!({ "state": "running", "paused": "the host's disk is full" })
        );
    }

    #[test]
    fn the_size_is_beside_the_state() {
        let shown = with_size(json!({ "id": "web", "status": { "state": "running" } }), 5);
        assert_eq!(shown["status"], json!({ "state": "running", "sizeInBytes": 5 }));
    }

    #[test]
    fn times_are_iso_8601_to_the_second() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        assert_eq!(timestamp(at), "2023-11-14T22:13:20Z");
        assert_eq!(docker_time(at), "2023-11-14 22:13:20 +0000 UTC");
    }
}
