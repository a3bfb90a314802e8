//! The state of a container in Docker's words, for templates that were written for its `inspect` and `ps`.

use container_engine::ContainerView;
use container_model::{Health, HealthResult, Phase};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::view::{last_run, precise};

/// What Docker shows for a time that there was not.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The word of Docker for a phase.
pub(crate) fn docker_phase(phase: &Phase) -> &str {
    match phase {
        Phase::Created => "created",
        Phase::Running { paused: true, .. } => "paused",
        Phase::Starting { after: Some(_) } => phase.label(),
        Phase::Starting { after: None } | Phase::Running { .. } | Phase::Stopping { .. } => "running",
        Phase::Stopped { .. } => "exited",
        Phase::Unknown(_) => phase.label(),
    }
}

/// The word of Docker for what the checks of a container say: `none` where there are none.
pub(crate) fn docker_health(view: &ContainerView) -> &'static str {
    match &view.state.health {
        Some(health) => health.status.as_str(),
        None if view.config.health_check.is_some() && view.is_live() => "starting",
        None => "none",
    }
}

/// `.State` of Docker's `inspect`, as far as there is something here that it means.
pub(crate) fn docker_state(view: &ContainerView) -> Value {
    let phase = &view.state.phase;
    let state = docker_phase(phase);
    let last = last_run(phase);
    let exit = last.as_ref().and_then(|last| last.exit);
    let finished = last.as_ref().and_then(|last| last.finished);
    let moment = |at: Option<OffsetDateTime>| at.map_or_else(|| NEVER.to_owned(), precise);
    let mut shown = json!({
        "Status": state,
        "Running": matches!(state, "running" | "paused" | "restarting"),
        "Paused": state == "paused",
        "Restarting": state == "restarting",
        "OOMKilled": exit.is_some_and(|exit| exit.oom_killed),
        "ExitCode": exit.map_or(0, |exit| exit.exit_code),
        "Error": last.and_then(|last| last.reason).unwrap_or_default(),
        "StartedAt": moment(phase.started()),
        "FinishedAt": moment(finished),
    });
    if let Some(found) = &view.state.health {
        shown["Health"] = health(found);
    }
    shown
}

fn health(health: &Health) -> Value {
    let result = |result: &HealthResult| {
        json!({
            "Start": precise(result.start),
            "End": precise(result.end),
            "ExitCode": result.exit_code,
            "Output": result.output,
        })
    };
    json!({
        "Status": health.status.as_str(),
        "FailingStreak": health.failing_streak,
        "Log": health.log.iter().map(result).collect::<Value>(),
    })
}
