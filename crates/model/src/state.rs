//! What was observed of a container.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Health, NetworkStatus, OomKills, Phase, PublishedPort, UnknownFields};

/// What was last observed of a container: the contents of `state.json`. The default is that of a container that was never started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedState {
    /// Its phase.
    pub phase: Phase,
    /// Its networks while it runs, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<NetworkStatus>,
    /// Its published ports while it runs, with the ports of the host that were chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published_ports: Vec<PublishedPort>,
    /// How often its policy has started it again since it was last started in another way.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restart_count: u32,
    /// Whether a user has stopped or killed it since it was last started. The end of the host or of a client is not a user's doing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped_by_user: bool,
    /// Whether it was asked to end because its host went down, or the session of the host that it was started in ended, since it was last started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended_with_host: bool,
    /// What its checks have found since it was last started; `None` where there are none.
    #[serde(default, deserialize_with = "read_or_none", skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// What the kernel has killed in it for lack of memory; `None` where that is nothing.
    #[serde(default, deserialize_with = "read_or_none", skip_serializing_if = "Option::is_none")]
    pub oom_kills: Option<OomKills>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// Reads what was found out beside the phase. What only another version understands is nothing: a container must not become unreadable for it.
fn read_or_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let written = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(written).ok())
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HealthStatus;
    use serde_json::json;

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let text = r#"{"phase":{"name":"stopped","exit":{"exitCode":3,"oomKilled":false}},"weather":{"status":"ok"}}"#;
        let state: ObservedState = serde_json::from_str(text).unwrap();
        assert!(matches!(&state.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 3));
        let rewritten = serde_json::to_value(&state).unwrap();
        assert_eq!(rewritten["weather"]["status"], "ok");
        assert_eq!(state.unknown.len(), 1);
    }

    #[test]
    fn health_reads_back_and_what_is_not_understood_of_it_is_none() {
        let written = json!({
            "phase": { "name": "created" },
            "health": {
                "status": "unhealthy", "failing_streak": 4, "later": 1,
                "log": [{ "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:01.5Z", "exit_code": -1, "output": "x" }],
            },
        });
        let state: ObservedState = serde_json::from_value(written.clone()).unwrap();
        let health = state.health.as_ref().unwrap();
        assert_eq!((health.status, health.log.len()), (HealthStatus::Unhealthy, 1));
        assert_eq!(serde_json::to_value(&state).unwrap(), written);
        for other in [
            json!("ok"),
            json!(null),
            json!({ "status": "dizzy" }),
            json!({ "log": [] }),
        ] {
            let state = json!({ "phase": { "name": "created" }, "health": other });
            let state: ObservedState = serde_json::from_value(state).unwrap();
            assert_eq!(state, ObservedState::default(), "{other}");
        }
    }
}
