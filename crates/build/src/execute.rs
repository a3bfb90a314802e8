//! Doing what a plan says.
//!
//! Stages run side by side; each is a chain of steps, and a step waits for the stages that it takes files from. Every step looks for its result in the cache
//! first. A stage boots a machine when it comes to the first command that the cache does not have, and keeps it to its end. The plans of several platforms
//! are done at the same time, and a step that they share once: the second one waits for the first, as it would for another build.

mod base;
mod caches;
mod copy;
mod debug;
mod failed_command;
mod fetched;
mod halt;
pub(crate) mod key;
mod machine;
mod made;
mod mounts;
mod output_tail;
mod pipe;
mod roots;
mod run;
mod stage;
mod step;
mod view;

use std::sync::Arc;

use container_build_cache::BuildCache;
use container_engine::ConfiguredEngine;
use container_image::ImageDraft;
use container_tar::Timestamp;
use futures_util::future;
use tokio::sync::{Mutex, Semaphore};

use crate::epoch::Epoch;
use crate::exchange::Imported;
use crate::load::Sources;
use crate::plan::{Plan, PlannedStage, StageBase};
use crate::remote::Remotes;
use crate::told_request::Entry;
use crate::vertex::Vertices;
use crate::{BuildError, BuildRequest};

pub(crate) use base::Bases;
pub(crate) use halt::Halt;
pub(crate) use made::MadeSteps;
pub(crate) use pipe::piped;
pub(crate) use roots::{StageRoot, StageRoots};
pub(crate) use view::{RootDisks, blocking};

/// Everything that the steps of a build share.
pub(crate) struct Execution<'a> {
    pub(crate) engine: &'a ConfiguredEngine,
    pub(crate) draft: &'a ImageDraft,
    pub(crate) cache: &'a BuildCache,
    pub(crate) request: &'a BuildRequest,
    pub(crate) entry: &'a Entry,
    pub(crate) sources: Arc<Sources>,
    pub(crate) remotes: &'a Remotes,
    pub(crate) bases: &'a Bases<'a>,
    pub(crate) vertices: &'a Vertices,
    pub(crate) epoch: Epoch,
    /// How many commands may run at once. What holds one of these waits for no other step.
    pub(crate) commands: Semaphore,
    /// What others have made.
    pub(crate) imported: Imported<'a>,
    /// What has been made so far.
    pub(crate) made: MadeSteps,
    pub(crate) halt: Halt,
    /// Whose shell has the user's terminal.
    pub(crate) terminal: Mutex<()>,
}

impl Execution<'_> {
    /// Does all steps of these plans at the same time; the layers of each one's target.
    ///
    /// The first failure ends everything, and when this returns no machine is left. Dropping the future ends everything at once. What steps had finished by then is
    /// in the cache.
    pub(crate) async fn run(&self, plans: &[Plan]) -> Result<Vec<StageRoot>, BuildError> {
        let roots: Vec<_> = plans
            .iter()
            .map(|plan| StageRoots::new(plan.stages.iter().map(|stage| stage.id)))
            .collect();
        let stages = plans.iter().zip(&roots).flat_map(|(plan, roots)| {
            let stages = plan.stages.iter();
            stages.map(|stage| self.stage(stage, roots))
        });
        future::join_all(stages).await;
        if let Some(error) = self.halt.take() {
            return Err(error);
        }
        let targets = plans.iter().zip(&roots).map(|(plan, roots)| roots.wait(plan.target));
        Ok(future::join_all(targets).await)
    }

    /// What is below the first step of a stage.
    async fn below(&self, stage: &PlannedStage, roots: &StageRoots) -> Result<StageRoot, BuildError> {
        match &stage.base {
            StageBase::Scratch | StageBase::Files(_) => Ok(StageRoot::default()),
            StageBase::Stage(base) => Ok(roots.wait(*base).await),
            StageBase::Image(request) => self.base(stage, request).await,
        }
    }

    /// The time of what is made anew.
    pub(crate) fn created(&self) -> Timestamp {
        self.epoch.created()
    }
}
