//! Where a container is in its life.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{ExitStatus, UnknownFields};

/// The names that have a variant of their own.
const KNOWN_NAMES: [&str; 5] = ["created", "starting", "running", "stopping", "stopped"];

/// The word for a container whose processes were stopped where they are.
const PAUSED: &str = "paused";

/// The word for a container that its policy starts again.
const RESTARTING: &str = "restarting";

/// Where a container is in its life. Each case carries what is valid in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// Made, never started.
    #[default]
    Created,
    /// A launcher is bringing the machine up.
    Starting {
        /// The run that has ended, when the container is started again by its policy: from that end until the program runs. Older programs, which do
        /// not know of it, see a container that is starting.
        #[serde(default, rename = "restarting", skip_serializing_if = "Option::is_none")]
        after: Option<LastRun>,
    },
    /// The workload runs.
    Running {
        /// When it was started.
        #[serde(with = "time::serde::rfc3339")]
        started: OffsetDateTime,
        /// A client has stopped its processes where they are. Older programs, which do not know of it, see a container that runs.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        paused: bool,
    },
    /// A client asked for its end.
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
        /// When it ended. `None` when that was not observed: the launcher was killed.
        #[serde(
            default,
            with = "time::serde::rfc3339::option",
            skip_serializing_if = "Option::is_none"
        )]
        finished: Option<OffsetDateTime>,
        /// How it ended. `None` when that was not observed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<ExitStatus>,
        /// Why it ended, when it was not the workload's own doing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A phase that only another version of the program knows.
    #[serde(untagged)]
    Unknown(UnknownPhase),
}

/// A run of a container that has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// When the program was last started.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub started: Option<OffsetDateTime>,
    /// When it ended, or was known not to come to run.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub finished: Option<OffsetDateTime>,
    /// How it ended; `None` when it did not come to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitStatus>,
    /// Why it ended, when it was not the program's own doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A phase that this program does not know, such as one of a newer program. It is kept and shown, and nothing is concluded from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NameAndFields")]
pub struct UnknownPhase {
    name: String,
    /// Everything else that is written of it.
    #[serde(flatten)]
    pub fields: UnknownFields,
}

#[derive(Deserialize)]
struct NameAndFields {
    name: String,
    #[serde(flatten)]
    fields: UnknownFields,
}

impl TryFrom<NameAndFields> for UnknownPhase {
    type Error = String;

    /// A known phase that lacks fields is damaged, and not unknown.
    fn try_from(written: NameAndFields) -> Result<Self, String> {
        let NameAndFields { name, fields } = written;
        if KNOWN_NAMES.contains(&name.as_str()) {
            return Err(format!("the phase {name:?} has other fields"));
        }
        Ok(Self { name, fields })
    }
}

impl Phase {
    /// The word that `container list` shows. Scripts know `running`, `stopping` and `stopped`, and Docker's `paused` and `restarting`; an unknown phase
    /// has its own name.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Created | Self::Stopped { .. } => "stopped",
            Self::Running { paused: true, .. } => PAUSED,
            Self::Starting { after: Some(_) } => RESTARTING,
            Self::Starting { after: None } | Self::Running { .. } => "running",
            Self::Stopping { .. } => "stopping",
            Self::Unknown(phase) => &phase.name,
        }
    }

    /// Whether a client has stopped the processes of the running container where they are.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self, Self::Running { paused: true, .. })
    }

    /// When the workload was last started, as far as that is known.
    #[must_use]
    pub fn started(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Running { started, .. } | Self::Stopping { started } => Some(*started),
            Self::Stopped { started, .. } => *started,
            Self::Starting { after: Some(last) } => last.started,
            Self::Created | Self::Starting { after: None } | Self::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_phase_is_kept_with_its_fields_and_shown_by_its_name() {
        let written = json!({ "name": "rewinding", "started": "2026-01-01T00:00:00Z", "attempt": { "of": 3 } });
        let phase: Phase = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(phase.label(), "rewinding");
        assert_eq!(phase.started(), None);
        assert_eq!(serde_json::to_value(&phase).unwrap(), written);
    }

    #[test]
    fn a_paused_container_runs_for_programs_that_do_not_know_of_it() {
        let running = json!({ "name": "running", "started": "2026-01-01T00:00:00Z" });
        let mut phase: Phase = serde_json::from_value(running.clone()).unwrap();
        assert_eq!((phase.label(), phase.is_paused()), ("running", false));
        assert_eq!(serde_json::to_value(&phase).unwrap(), running);
        let Phase::Running { paused, .. } = &mut phase else {
            panic!("{phase:?}")
        };
        *paused = true;
        assert_eq!((phase.label(), phase.is_paused()), ("paused", true));
        let written = serde_json::to_value(&phase).unwrap();
        assert_eq!(
            (&written["name"], &written["paused"]),
            (&json!("running"), &json!(true))
        );
        assert_eq!(serde_json::from_value::<Phase>(written).unwrap(), phase);
    }

    #[test]
    fn a_container_that_is_started_again_starts_for_programs_that_do_not_know_of_it() {
        let starting = json!({ "name": "starting" });
        let phase: Phase = serde_json::from_value(starting.clone()).unwrap();
        assert_eq!((phase.label(), phase.started()), ("running", None));
        assert_eq!(serde_json::to_value(&phase).unwrap(), starting);
        let restarting = json!({
            "name": "starting",
            "restarting": { "started": "1970-01-01T00:00:00Z", "exit": { "exitCode": 3, "oomKilled": false }, "attempt": 7 },
        });
        let phase: Phase = serde_json::from_value(restarting.clone()).unwrap();
        assert_eq!(
            (phase.label(), phase.started()),
            ("restarting", Some(OffsetDateTime::UNIX_EPOCH))
        );
        assert_eq!(serde_json::to_value(&phase).unwrap(), restarting);
    }

    #[test]
    fn a_known_phase_without_its_fields_is_damage() {
        for damaged in [
            json!({ "name": "running" }),
            json!({ "name": "stopped", "exit": 1 }),
            json!({}),
            json!("running"),
        ] {
            assert!(serde_json::from_value::<Phase>(damaged.clone()).is_err(), "{damaged}");
        }
    }

    #[test]
    fn every_known_name_has_its_variant() {
        for name in KNOWN_NAMES {
            let phase = serde_json::from_value(json!({ "name": name, "started": "2026-01-01T00:00:00Z" })).unwrap();
            assert!(!matches!(phase, Phase::Unknown(_)), "{name}");
            assert_eq!(serde_json::to_value(&phase).unwrap()["name"], name);
        }
    }
}
