//! What was observed of a container.

use serde::{Deserialize, Serialize};

use crate::{NetworkStatus, Phase, PublishedPort, UnknownFields};

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
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let text = r#"{"phase":{"name":"stopped","exit":{"exitCode":3,"oomKilled":false}},"health":{"status":"ok"}}"#;
        let state: ObservedState = serde_json::from_str(text).unwrap();
        assert!(matches!(&state.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 3));
        let rewritten = serde_json::to_value(&state).unwrap();
        assert_eq!(rewritten["health"]["status"], "ok");
        assert_eq!(state.unknown.len(), 1);
    }
}
