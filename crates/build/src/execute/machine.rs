//! The machine of a stage.

use container_engine::{BuildCache as CacheDirectory, BuildLayer, BuildMachine, BuildMachineRequest, NetworkSelection};
use container_image::StoredLayer;
use container_oci::Platform;
use tokio::sync::Mutex;

use super::caches::StageCaches;
use super::failed_command::FailedCommand;
use super::{Execution, StageRoot};
use crate::StepError;
use crate::plan::PlannedStage;

/// Boots when the stage comes to its first command that has to be run, and is kept for those after it.
pub(super) struct StageMachine<'a> {
    execution: &'a Execution<'a>,
    stage: &'a PlannedStage,
    /// Held while it boots.
    is_booting: &'a Mutex<()>,
    running: Option<Running>,
}

/// A machine that has booted.
pub(super) struct Running {
    pub(super) machine: BuildMachine,
    pub(super) caches: StageCaches,
    /// What it has run last, if that has failed and somebody wants to look at it.
    pub(super) failed: Option<FailedCommand>,
    /// How many of the stage's layers it has.
    layers: usize,
}

impl<'a> StageMachine<'a> {
    pub(super) fn new(execution: &'a Execution<'a>, stage: &'a PlannedStage, is_booting: &'a Mutex<()>) -> Self {
        Self {
            execution,
            stage,
            is_booting,
            running: None,
        }
    }

    /// The machine, with the layers of `below`.
    pub(super) async fn with(&mut self, below: &StageRoot) -> Result<&mut Running, StepError> {
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let _booting = self.is_booting.lock().await;
                self.boot(below).await?
            }
        };
        let running = self.running.insert(running);
        for layer in below.layers.get(running.layers..).unwrap_or_default() {
            let tar = self.execution.draft.tar_of(layer)?;
            running.machine.add_layer(tar).await?;
            running.layers += 1;
        }
        Ok(running)
    }

    async fn boot(&self, below: &StageRoot) -> Result<Running, StepError> {
        let execution = self.execution;
        let caches = StageCaches::of(self.stage, execution.cache).await?;
        let mut request = BuildMachineRequest::new(self.stage.platform.clone());
        request.layers = below.layers.iter().map(build_layer).collect();
        request.image = below.image;
        request.cpus = execution.request.cpus;
        request.memory = execution.request.memory;
        request.networking = execution.request.network.networking.clone();
        if execution.request.network.is_none {
            request.networking.networks = NetworkSelection::None;
        }
        request.caches = caches
            .directories()
            .map(|directory| CacheDirectory { directory })
            .collect();
        let machine = execution.engine.start_build_machine(request).await;
        let platform = &self.stage.platform;
        let machine = machine.map_err(|source| match platform.architecture == Platform::host().architecture {
            true => StepError::Machine(source),
            false => StepError::Foreign {
                platform: platform.clone(),
                source: Box::new(source),
            },
        })?;
        Ok(Running {
            machine,
            caches,
            failed: None,
            layers: below.layers.len(),
        })
    }

    /// The machine and the command that has failed in it.
    pub(super) fn failed(&mut self) -> Option<(&mut BuildMachine, &FailedCommand)> {
        let running = self.running.as_mut()?;
        Some((&mut running.machine, running.failed.as_ref()?))
    }

    /// Switches the machine off, if there is one.
    pub(super) async fn end(self) {
        if let Some(running) = self.running {
            running.machine.end().await;
        }
    }
}

impl Running {
    /// Says that the machine has the layer of the step that it was just sealed for.
    pub(super) fn has_sealed(&mut self) {
        self.layers += 1;
    }
}

fn build_layer(layer: &StoredLayer) -> BuildLayer {
    BuildLayer::from((layer.descriptor.clone(), layer.diff_id))
}
