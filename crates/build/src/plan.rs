//! From a Dockerfile to what has to be done: no I/O, no clock, no store.
//!
//! [`plan()`] works out which stages the target needs, what their variables are, and what every instruction means. Instructions that only describe the image are
//! folded into its configuration; the others become [`Step`]s. What a base image says matters for this (its environment, its `ONBUILD`), so that the plan
//! may come out as a question: [`Planned::Needs`] names images whose configurations the caller adds to the [`BaseImages`] before it asks again.
//!
//! A plan is made for one platform.

mod bases;
mod context;
mod error;
mod label;
mod limits;
mod onbuild;
mod origin;
mod outline;
mod paths;
mod platforms;
mod reach;
mod request;
mod stage;
mod stage_base;
mod stage_id;
mod step;
mod variables;

use std::collections::BTreeSet;

use container_dockerfile::lint::Finding;

pub(crate) use bases::{BaseImages, ImageName, ImageRequest};
pub(crate) use context::{NamedContext, NamedContexts};
pub use error::{PlanError, PlanProblem};
pub(crate) use label::StepLabel;
pub(crate) use origin::FileOrigin;
pub(crate) use paths::cleaned;
pub(crate) use request::PlanRequest;
pub(crate) use stage::PlannedStage;
pub(crate) use stage_base::StageBase;
pub(crate) use stage_id::StageId;
pub(crate) use step::{
    CopySource, CopyStep, Operation, OwnerName, ProxyVariables, RunMount, RunScript, RunStep, Step, WorkdirStep,
};

use outline::Outline;
use reach::Reach;
use stage::StagePlanner;

/// The build argument that tells the time of an image.
pub(crate) const EPOCH: &str = "SOURCE_DATE_EPOCH";
/// What it is where the time of the context is meant.
pub(crate) const EPOCH_OF_CONTEXT: &str = "context";

/// What has to be done for one platform.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The stages that the target needs, each after those that it needs itself.
    pub(crate) stages: Vec<PlannedStage>,
    /// The stage whose image is asked for.
    pub(crate) target: StageId,
    /// Names of build arguments that no `ARG` declares, in order.
    pub(crate) unused_args: Vec<String>,
    /// What is odd about the stages and their bases that the Dockerfile alone does not show.
    pub(crate) findings: Vec<Finding>,
    /// What a global `ARG SOURCE_DATE_EPOCH` says, if there is one.
    pub(crate) epoch: Option<String>,
}

impl Plan {
    /// How many things there are to do that progress tells of: steps, and bases that are images.
    #[must_use]
    pub(crate) fn vertices(&self) -> usize {
        let bases = self.stages.iter().filter(|stage| stage.base_label.is_some()).count();
        let steps: usize = self.stages.iter().map(|stage| stage.steps.len()).sum();
        bases + steps
    }

    /// The named contexts whose files it takes.
    pub(crate) fn named_contexts(&self) -> impl Iterator<Item = &str> {
        let steps = self.stages.iter().flat_map(|stage| &stage.steps);
        steps
            .flat_map(|step| step.operation.origins())
            .filter_map(|origin| match origin {
                FileOrigin::NamedContext(name) => Some(name.as_str()),
                _ => None,
            })
    }

    /// The images that it starts from or takes files from.
    pub(crate) fn images(&self) -> BTreeSet<&ImageRequest> {
        let bases = self.stages.iter().filter_map(|stage| match &stage.base {
            StageBase::Image(image) => Some(image),
            StageBase::Scratch | StageBase::Stage(_) | StageBase::Files(_) => None,
        });
        let steps = self.stages.iter().flat_map(|stage| &stage.steps);
        let origins = steps.flat_map(|step| step.operation.origins());
        let copied = origins.filter_map(|origin| match origin {
            FileOrigin::Image(image) => Some(image),
            _ => None,
        });
        bases.chain(copied).collect()
    }

    /// A stage of the plan.
    #[must_use]
    pub(crate) fn stage(&self, id: StageId) -> Option<&PlannedStage> {
        self.stages.iter().find(|stage| stage.id == id)
    }
}

/// A plan, or what has to be known for it.
#[derive(Debug)]
pub(crate) enum Planned {
    /// The configurations of these images, never none. Only what is not among the [`BaseImages`] yet.
    Needs(BTreeSet<ImageRequest>),
    /// The plan.
    Ready(Plan),
}

/// Makes a plan, as far as it can be made with the `bases` that are known.
///
/// # Errors
/// [`PlanError`], with the place in the Dockerfile where there is one.
pub(crate) fn plan(request: &PlanRequest<'_>, bases: &BaseImages) -> Result<Planned, PlanError> {
    limits::check(request.dockerfile)?;
    let outline = Outline::new(request)?;
    let target = outline.target(request.target.as_deref())?;
    let mut reach = Reach::of(&outline, target);
    loop {
        let mut planner = StagePlanner::new(request, &outline, bases);
        let mut is_whole = true;
        for id in reach.stages().collect::<Vec<_>>() {
            planner.stage(id)?;
            // What ONBUILD brings along may need stages that nothing has named before.
            is_whole &= !reach.extend(&outline, planner.sources_of_triggers(id));
        }
        if !is_whole {
            continue;
        }
        let done = planner.finish();
        return Ok(match done.needs.is_empty() {
            true => Planned::Ready(Plan {
                stages: done.stages,
                target,
                unused_args: done.unused_args,
                findings: done.findings,
                epoch: outline.globals.get(EPOCH).map(str::to_owned),
            }),
            false => Planned::Needs(done.needs),
        });
    }
}

#[cfg(test)]
mod tests;
