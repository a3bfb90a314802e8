//! The two records of a container: what it was asked to be, and what was observed of it.
//!
//! The types of the model have a place for the fields that this program does not know, so [`Record::unknown`] stays empty here.

use std::fs::File;
use std::path::Path;

use container_durable::{Record, RecordBody, Reserve, place_record, read_record, write_last_record, write_record};
use container_model::{ContainerConfig, ObservedState, UnknownFields};
use serde::{Deserialize, Serialize};

use crate::StateError;

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Config(ContainerConfig);

impl RecordBody for Config {
    const VERSION: u32 = ContainerConfig::VERSION;

    fn upgrade(version: u32, fields: UnknownFields) -> Result<UnknownFields, serde_json::Error> {
        container_model::upgrade_config(version, fields)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct State(ObservedState);

impl RecordBody for State {
    const VERSION: u32 = 1;
}

/// Reads what a container was asked to be; `None` when there is no such file.
pub(crate) fn read_config(path: &Path) -> Result<Option<ContainerConfig>, StateError> {
    Ok(read_record::<Config>(path)?.map(|record| record.body.0))
}

/// Records what a container is asked to be, durably.
pub(crate) fn write_config(path: &Path, config: &ContainerConfig) -> Result<(), StateError> {
    Ok(write_record(path, &Record::new(Config(config.clone())))?)
}

/// Records what a container is asked to be of which nobody has been told yet; durably only once the file that is returned and its directory have been
/// synced.
pub(crate) fn place_config(path: &Path, config: &ContainerConfig) -> Result<File, StateError> {
    Ok(place_record(path, &Record::new(Config(config.clone())))?)
}

/// Reads what was observed of a container. One that was never started has no such record.
pub(crate) fn read_state(path: &Path) -> Result<ObservedState, StateError> {
    Ok(read_record::<State>(path)?.map_or_else(ObservedState::default, |record| record.body.0))
}

/// Replaces the record of what was observed, durably.
pub(crate) fn write_state(path: &Path, state: &ObservedState) -> Result<(), StateError> {
    Ok(write_record(path, &Record::new(State(state.clone())))?)
}

/// As [`write_state`], and where the disk is full with the room that was kept for it.
pub(crate) fn write_last_state(path: &Path, state: &ObservedState, reserve: Option<Reserve>) -> Result<(), StateError> {
    Ok(write_last_record(path, &Record::new(State(state.clone())), reserve)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::Phase;
    use serde_json::Value;

    #[test]
    fn unknown_fields_survive_a_rewrite_once() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state.json");
        std::fs::write(&path, r#"{"version":1,"phase":{"name":"created"},"weather":{"x":1}}"#).unwrap();
        let state = read_state(&path).unwrap();
        assert_eq!(state.phase, Phase::Created);
        write_state(&path, &state).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for key in ["version", "phase", "weather"] {
            assert_eq!(text.matches(&format!("\"{key}\"")).count(), 1, "{text}");
        }
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["weather"]["x"], 1);
    }

    #[test]
    fn newer_versions_and_damage_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state.json");
        assert_eq!(read_state(&path).unwrap().phase, Phase::Created);
        std::fs::write(&path, r#"{"version":2,"phase":7}"#).unwrap();
        let error = read_state(&path).unwrap_err();
        assert!(!error.is_damage(), "{error}");
        assert!(error.to_string().contains("use a newer `container`"), "{error}");
        for damage in [
            "",
            "{",
            r#"{"phase":{"name":"created"}}"#,
            r#"{"version":1,"phase":"no"}"#,
        ] {
            std::fs::write(&path, damage).unwrap();
            let error = read_state(&path).unwrap_err();
            assert!(error.is_damage(), "{damage}: {error}");
        }
    }
}
