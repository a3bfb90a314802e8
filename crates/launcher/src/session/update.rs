//! Limits and the restart policy, which clients change while the container lives.
//!
//! A change is made in the guest first, because that may refuse it, and then in the record; a record that cannot be written takes it back from the
//! guest. A launcher that is killed between the two takes its machine along, so that what only the guest had is gone, and the record was never
//! another one than that by which the next machine is made.

use std::sync::Arc;
use std::time::Duration;

use container_agent::AgentError;
use container_model::{ContainerConfig, ContainerUpdate, Resources, RestartPolicy};
use tokio::sync::watch;
use tonic::Status;

use super::{Progress, Run, Session};
use crate::control::v1::UpdateResponse;
use crate::notes::Notes;
use crate::plan::changed_control_files;

/// How long the end of a run may take to be known once its guest does not answer any more.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// What the container is to be in its next run.
pub(crate) struct Wanted {
    config: Arc<ContainerConfig>,
    /// The way to the record.
    notes: Notes,
}

impl Session {
    /// Takes note of what the container was asked to be, and of the way to its record. Before that nothing can be changed.
    pub(crate) async fn set_wanted(&self, config: &Arc<ContainerConfig>, notes: Notes) {
        self.restart.send_replace(config.options.restart);
        *self.wanted.lock().await = Some(Wanted {
            config: Arc::clone(config),
            notes,
        });
    }

    /// The restart policy, and what it becomes.
    pub(crate) fn restart(&self) -> watch::Receiver<RestartPolicy> {
        self.restart.subscribe()
    }

    /// Begins the boot of another run: gives limits and restart policy as clients have changed them. A change that is on its way is over; one that
    /// comes now waits until the workload runs.
    pub(crate) async fn begin_next_run(&self) -> Option<(Resources, RestartPolicy)> {
        let wanted = self.wanted.lock().await;
        self.set_progress(Progress::Booting);
        let config = &wanted.as_ref()?.config;
        Some((config.resources.clone(), config.options.restart))
    }

    /// Changes limits and the restart policy, in the guest and on record.
    pub(crate) async fn update(self: &Arc<Self>, update: ContainerUpdate) -> Result<UpdateResponse, Status> {
        let session = Arc::clone(self);
        // Nothing is left half-done when the client goes away.
        let changing = tokio::spawn(async move { session.change(&update).await });
        changing
            .await
            .unwrap_or_else(|_| Err(Status::aborted("the launcher was interrupted")))
    }

    async fn change(&self, update: &ContainerUpdate) -> Result<UpdateResponse, Status> {
        loop {
            self.progress_until(|progress| (!matches!(progress, Progress::Booting | Progress::Ready(_))).then_some(()))
                .await;
            let mut wanted = self.wanted.lock().await;
            let run = match self.progress() {
                Progress::Booting | Progress::Ready(_) => continue,
                Progress::Running(run) | Progress::Stopping(run) => Some(run),
                Progress::Pausing => None,
                Progress::Ended(_) | Progress::Recorded(_) => {
                    drop(wanted);
                    // The client that hears of it finds the end on record.
                    self.recorded().await;
                    return Err(not_running());
                }
            };
            let wanted = wanted.as_mut().ok_or_else(not_running)?;
            let mut config = (*wanted.config).clone();
            update
                .apply(&mut config)
                .map_err(|error| Status::invalid_argument(error.to_string()))?;
            let (old, new) = (&wanted.config.resources, &config.resources);
            if let Some(run) = &run
                && let Err(error) = self.set_limits(run, old, new).await
            {
                match self.is_over(run, &error).await {
                    true => continue,
                    false => return Err(refused(error)),
                }
            }
            match wanted.notes.updated(new.clone(), config.options.restart).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    if let Some(run) = &run
                        && let Err(error) = self.set_limits(run, new, old).await
                    {
                        tracing::warn!(?error, "cannot take the change of limits back");
                    }
                    return Err(Status::aborted(error.to_string()));
                }
                // Without a writer the container has ended.
                Err(_) => continue,
            }
            let response = run.map_or_else(UpdateResponse::default, |run| {
                still_to_come(update, new, &run.config.resources)
            });
            self.restart.send_replace(config.options.restart);
            wanted.config = Arc::new(config);
            return Ok(response);
        }
    }

    /// Has the running container other limits, as far as its machine goes.
    async fn set_limits(&self, run: &Run, old: &Resources, new: &Resources) -> Result<(), LimitsError> {
        let files = changed_control_files(old, new, &run.config.resources);
        if files.is_empty() {
            return Ok(());
        }
        match self.paused_because() {
            Some(reason) => Err(LimitsError::StandsStill(reason)),
            None => Ok(run.agent.set_limits(files).await?),
        }
    }

    /// Whether a run did not take its limits because it has ended.
    async fn is_over(&self, run: &Run, error: &LimitsError) -> bool {
        let patience = match error {
            LimitsError::Agent(AgentError::Broken { .. } | AgentError::Timeout { .. }) => END_TIMEOUT,
            _ => Duration::ZERO,
        };
        let over = self.progress_until(|progress| {
            let is_same = progress.running().is_some_and(|current| current.number == run.number);
            (!is_same).then_some(())
        });
        tokio::time::timeout(patience, over).await.is_ok()
    }
}

/// A running container did not take its limits.
#[derive(Debug)]
enum LimitsError {
    /// Its machine stands still.
    StandsStill(String),
    Agent(AgentError),
}

impl From<AgentError> for LimitsError {
    fn from(error: AgentError) -> Self {
        Self::Agent(error)
    }
}

fn refused(error: LimitsError) -> Status {
    match error {
        LimitsError::StandsStill(reason) => Status::failed_precondition(format!("it is paused: {reason}")),
        // What is wrong with the container is said in the agent's own words.
        LimitsError::Agent(AgentError::Refused {
            code: tonic::Code::FailedPrecondition,
            message,
            ..
        }) => Status::failed_precondition(message),
        LimitsError::Agent(error) => Status::aborted(error.to_string()),
    }
}

/// What was asked for now and the machine does not have.
fn still_to_come(update: &ContainerUpdate, new: &Resources, machine: &Resources) -> UpdateResponse {
    let is_about_cpus = update.cpus.is_some() || !update.limits.cpuset_cpus.is_keep();
    UpdateResponse {
        next_cpus: (is_about_cpus && new.cpus > machine.cpus).then_some(new.cpus),
        next_memory_bytes: (update.memory_bytes.is_some() && new.memory_bytes > machine.memory_bytes)
            .then_some(new.memory_bytes),
    }
}

fn not_running() -> Status {
    Status::failed_precondition("the container is not running")
}
