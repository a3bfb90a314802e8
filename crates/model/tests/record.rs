//! The record of a container: written, read, and read of the previous format version. The files in `version1/` were written by a program
//! that knew only version 1.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod generated;

use std::path::PathBuf;

use container_model::{ContainerConfig, Layer, Mount, ObservedState, Phase, ProcessUser, Rlimit, upgrade_config};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The containers whose records there are.
const CONTAINERS: [&str; 8] = ["made", "full", "groups", "layered", "ended", "live", "victim", "killed"];

fn written(container: &str, file: &str) -> Map<String, Value> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/version1");
    let text = std::fs::read_to_string(directory.join(container).join(file)).unwrap();
    let mut fields: Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(fields.remove("version"), Some(json!(1)));
    fields
}

/// Reads a record of version 1, as it would be written again.
fn upgraded(fields: Map<String, Value>) -> (ContainerConfig, Value) {
    let fields = Value::Object(upgrade_config(1, fields).unwrap());
    let config: ContainerConfig = serde_json::from_value(fields.clone()).unwrap();
    assert_eq!(serde_json::to_value(&config).unwrap(), fields);
    (config, fields)
}

#[test]
fn records_of_the_previous_version_are_read() {
    for container in CONTAINERS {
        let (config, _) = upgraded(written(container, "config.json"));
        assert_eq!(config.id.as_str(), container);
        assert!(
            config
                .image
                .layers
                .iter()
                .all(|layer| matches!(layer, Layer::Untold { .. }))
        );
        assert_eq!(config.unknown, Map::new());
    }
    let (full, _) = upgraded(written("full", "config.json"));
    assert_eq!(
        full.mounts,
        [Mount::tmpfs(
            "/run",
            vec!["size=67108864".to_owned(), "mode=755".to_owned()]
        )]
    );
    assert_eq!(full.process.user, ProcessUser::Text { text: "7:8".to_owned() });
    assert_eq!(full.process.rlimits, [Rlimit::new("RLIMIT_NOFILE", 1024, 4096)]);
    assert_eq!((full.resources.cpus, full.resources.memory_bytes), (2, 512 << 20));
    assert_eq!(full.resources.shm_size_bytes, Some(32 << 20));
    assert_eq!(full.security.added_capabilities, ["NET_ADMIN"]);
    assert_eq!(full.security.dropped_capabilities, ["CHOWN"]);
    assert!(full.security.read_only_root && full.options.stdin && full.process.terminal);
    let (groups, _) = upgraded(written("groups", "config.json"));
    assert_eq!(groups.process.user, ProcessUser::ROOT);
    assert_eq!(groups.process.supplemental_groups, [5]);
    let (layered, _) = upgraded(written("layered", "config.json"));
    let names: Vec<String> = layered
        .image
        .layers
        .iter()
        .map(|layer| layer.disk_id().to_string())
        .collect();
    assert_eq!(json!(names), written("layered", "config.json")["image"]["layers"]);
}

#[test]
fn states_of_the_previous_program_are_read() {
    for (container, label) in [
        ("ended", "stopped"),
        ("killed", "stopped"),
        ("live", "running"),
        ("victim", "running"),
    ] {
        let state: ObservedState = serde_json::from_value(Value::Object(written(container, "state.json"))).unwrap();
        assert!(!matches!(state.phase, Phase::Unknown(_)));
        assert_eq!(state.phase.label(), label);
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            Value::Object(written(container, "state.json"))
        );
    }
}

#[test]
fn unknown_fields_of_the_previous_version_survive() {
    let mut fields = written("full", "config.json");
    let unknown = json!({ "deep": [1, { "er": null }] });
    fields.insert("health".to_owned(), unknown.clone());
    fields["initProcess"]["seccomp"] = unknown.clone();
    fields["image"]["descriptor"]["artifactType"] = unknown.clone();
    let (config, rewritten) = upgraded(fields);
    assert_eq!(config.unknown["health"], unknown);
    assert_eq!(rewritten["health"], unknown);
    assert_eq!(rewritten["process"]["seccomp"], unknown);
    assert_eq!(rewritten["image"]["descriptor"]["artifactType"], unknown);
}

#[test]
fn an_unknown_field_of_the_previous_version_never_takes_the_place_of_a_known_one() {
    let mut fields = written("made", "config.json");
    fields.insert("security".to_owned(), json!({ "readOnlyRoot": true }));
    fields.insert("created".to_owned(), json!("never"));
    fields.insert("networks".to_owned(), json!([{ "name": "default" }]));
    let (config, _) = upgraded(fields);
    assert_eq!(config, upgraded(written("made", "config.json")).0);
}

#[test]
fn a_mount_that_the_previous_version_never_made_is_kept_as_unknown() {
    let mut fields = written("full", "config.json");
    fields["mounts"][0]["kind"] = json!("virtiofs");
    let (_, rewritten) = upgraded(fields);
    assert_eq!(
        rewritten["mounts"][0],
        json!({
            "kind": "virtiofs", "source": "tmpfs", "destination": "/run", "options": ["size=67108864", "mode=755"],
        })
    );
}

#[test]
fn damage_of_the_previous_version_is_an_error() {
    for (pointer, damage) in [
        ("/id", json!("../x")),
        ("/image/layers/0", json!("sha256:../../etc/passwd")),
        ("/image/reference", json!("")),
        ("/image/manifestDigest", json!("sha256:1")),
        ("/initProcess/user", json!({ "id": { "uid": -1 } })),
        ("/creationDate", json!("yesterday")),
    ] {
        let mut fields = Value::Object(written("full", "config.json"));
        *fields.pointer_mut(pointer).unwrap() = damage;
        let Value::Object(fields) = fields else { panic!() };
        assert!(upgrade_config(1, fields).is_err(), "{pointer}");
    }
    assert!(upgrade_config(0, written("full", "config.json")).is_err());
}

#[test]
fn unknown_fields_survive_everywhere() {
    let (_, mut record) = upgraded(written("full", "config.json"));
    let places = [
        "",
        "/image",
        "/image/descriptor",
        "/process",
        "/process/rlimits/0",
        "/mounts/0",
        "/resources",
        "/security",
        "/options",
    ];
    for place in places {
        record.pointer_mut(place).unwrap()["later"] = json!({ "in": place });
    }
    let config: ContainerConfig = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(serde_json::to_value(&config).unwrap(), record);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(config in generated::config()) {
        let text = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(serde_json::from_str::<ContainerConfig>(&text).unwrap(), config);
    }
}
