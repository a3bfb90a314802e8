//! Containers for the tests of `list`.

use container_engine::ContainerView;
use container_model::{Phase, Standing, upgrade_config};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A container made from `alpine:3` in 1970, with two labels, a volume, a directory and two networks. Its state is `created`, `running` or
/// `paused` since one o'clock, or `exited` with 3 or `restarting` since two.
pub(super) fn container(name: &str, state: &str) -> ContainerView {
    let text = include_str!("../../../../../model/tests/version1/made/config.json");
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
        panic!("no record");
    };
    fields.remove("version");
    let mut record = Value::Object(upgrade_config(1, fields).unwrap());
    record["id"] = name.into();
    record["image"]["reference"] = "docker.io/library/alpine:3".into();
    record["labels"] = json!({ "a": "1", "b": "2" });
    record["mounts"] = json!([
        { "kind": "tmpfs", "target": "/tmp", "options": [] },
        { "kind": "disk", "volume": "data", "target": "/data" },
        { "kind": "share", "source": "/a/very/long/path", "target": "/home" },
    ]);
    record["networks"] = json!([{ "network": "default" }, { "network": "web" }]);
    let phase = match state {
        "created" => json!({ "name": "created" }),
        "running" => json!({ "name": "running", "started": "1970-01-01T01:00:00Z" }),
        "paused" => json!({ "name": "running", "started": "1970-01-01T01:00:00Z", "paused": true }),
        "restarting" => json!({
            "name": "starting",
            "restarting": {
                "started": "1970-01-01T01:00:00Z", "finished": "1970-01-01T02:00:00Z",
                "exit": { "exitCode": 3, "oomKilled": false },
            },
        }),
        _ => json!({
            "name": "stopped", "started": "1970-01-01T01:00:00Z", "finished": "1970-01-01T02:00:00Z",
            "exit": { "exitCode": 3, "oomKilled": false },
        }),
    };
    let phase: Phase = serde_json::from_value(phase).unwrap();
    let mut view = ContainerView {
        config: serde_json::from_value(record).unwrap(),
        state: serde_json::from_value(json!({ "phase": phase })).unwrap(),
        standing: if matches!(state, "running" | "paused" | "restarting") {
            Standing::Live
        } else {
            Standing::AtRest
        },
    };
    view.config.created = OffsetDateTime::UNIX_EPOCH;
    view.config.process.executable = "sh".to_owned();
    view
}
