//! What was observed of a container, and the phase that follows from it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::ExitStatus;

/// Where a container is in its life. Each case carries what is valid in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// Made, never started.
    #[default]
    Created,
    /// A launcher is bringing the machine up.
    Starting,
    /// The workload runs.
    Running {
        /// When it was started.
        #[serde(with = "time::serde::rfc3339")]
        started: OffsetDateTime,
    },
    /// Somebody asked for its end.
    Stopping {
        /// When it was started.
        #[serde(with = "time::serde::rfc3339")]
        started: OffsetDateTime,
    },
    /// The workload has ended, or never came to run.
    Stopped {
        /// When it was last started, if it ever came to run.
        #[serde(
            default,
            with = "time::serde::rfc3339::option",
            skip_serializing_if = "Option::is_none"
        )]
        started: Option<OffsetDateTime>,
        /// When it ended. `None` when nobody was there to see it: the launcher was killed.
        #[serde(
            default,
            with = "time::serde::rfc3339::option",
            skip_serializing_if = "Option::is_none"
        )]
        finished: Option<OffsetDateTime>,
        /// How it ended. `None` when nobody saw it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<ExitStatus>,
        /// Why it ended, when it was not the workload's own doing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// Contents of `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedState {
    /// Phase as last observed.
    pub phase: Phase,
    /// Keys of other versions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Phase {
    /// Whether the phase says that a launcher owns the container.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Starting | Self::Running { .. } | Self::Stopping { .. })
    }

    /// The word that `container list` shows. Scripts know `running`, `stopping` and `stopped`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Created | Self::Stopped { .. } => "stopped",
            Self::Starting | Self::Running { .. } => "running",
            Self::Stopping { .. } => "stopping",
        }
    }

    /// When the workload was last started.
    #[must_use]
    pub fn started(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Running { started } | Self::Stopping { started } => Some(*started),
            Self::Stopped { started, .. } => *started,
            Self::Created | Self::Starting => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_survive_a_rewrite() {
        let text = r#"{"phase":{"name":"stopped","exit":{"exitCode":3,"oomKilled":false}},"health":{"status":"ok"}}"#;
        let state: ObservedState = serde_json::from_str(text).unwrap();
        assert!(matches!(&state.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 3));
        let rewritten = serde_json::to_value(&state).unwrap();
        assert_eq!(rewritten["health"]["status"], "ok");
        assert_eq!(state.other.len(), 1);
    }

    #[test]
    fn only_phases_with_a_launcher_are_live() {
        let started = OffsetDateTime::UNIX_EPOCH;
        assert!(
            Phase::Starting.is_live() && Phase::Running { started }.is_live() && Phase::Stopping { started }.is_live()
        );
        assert!(!Phase::Created.is_live());
    }
}
