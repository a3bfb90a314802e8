//! A stage, step by step.

use container_build_cache::CacheKey;
use tokio::sync::Mutex;

use super::machine::StageMachine;
use super::output_tail::OutputTail;
use super::{Execution, StageRoot, StageRoots};
use crate::plan::{Operation, PlannedStage, Step};
use crate::vertex::Vertex;
use crate::{BuildError, StepError, StepFailure};

/// A step while it is done.
pub(super) struct StepContext<'s> {
    pub(super) stage: &'s PlannedStage,
    pub(super) step: &'s Step,
    /// What the steps before it have made.
    pub(super) below: &'s StageRoot,
    pub(super) roots: &'s StageRoots,
    pub(super) vertex: &'s Vertex,
    /// Whether it is done even if it was done before.
    pub(super) ignores_cache: bool,
}

impl Execution<'_> {
    /// Does the steps of a stage, and tells the others of its result or its failure. Returns when nothing of its machine is left.
    pub(super) async fn stage(&self, stage: &PlannedStage, roots: &StageRoots) {
        let is_booting = Mutex::new(());
        let mut machine = StageMachine::new(self, stage, &is_booting);
        let halted = async {
            self.halt.failed().await;
            // A machine that is just booting can only be ended properly once it is there.
            let _ = is_booting.lock().await;
        };
        let made = async {
            let below = self.below(stage, roots).await?;
            self.steps(stage, below, roots, &mut machine).await
        };
        tokio::select! {
            biased;
            () = halted => {}
            made = made => match made {
                Ok(root) => roots.done(stage.id, root),
                Err(error) => self.halt.fail(error),
            },
        }
        machine.end().await;
    }

    async fn steps<'s>(
        &'s self,
        stage: &'s PlannedStage,
        mut below: StageRoot,
        roots: &StageRoots,
        machine: &mut StageMachine<'s>,
    ) -> Result<StageRoot, BuildError> {
        let ignores_cache = self.request.no_cache.covers(&stage.name);
        for step in &stage.steps {
            let vertex = self.vertices.start(step.label.to_string());
            let context = StepContext {
                stage,
                step,
                below: &below,
                roots,
                vertex: &vertex,
                ignores_cache,
            };
            let mut tail = OutputTail::default();
            let made = match &step.operation {
                Operation::Run(run) => self.run_command(&context, run, machine, &mut tail).await,
                Operation::Copy(copy) => self.copy(&context, copy).await,
                Operation::Workdir(workdir) => self.workdir(&context, workdir).await,
            };
            match vertex.end(made) {
                Ok(layer) => below.push(layer),
                Err(cause) => {
                    let failure = failure(step, tail, cause);
                    self.debug(machine, &failure).await;
                    return Err(BuildError::Step(Box::new(failure)));
                }
            }
        }
        Ok(below)
    }
}

fn failure(step: &Step, tail: OutputTail, cause: StepError) -> StepFailure {
    StepFailure {
        label: step.label.to_string(),
        range: step.range,
        last_lines: tail.into_lines(),
        cause,
    }
}

/// The keys by which a step is looked for: the one that is quick to tell, and the one that its content gives.
pub(super) struct StepKeys {
    pub(super) quick: Option<CacheKey>,
    pub(super) exact: CacheKey,
}
