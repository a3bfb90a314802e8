//! The instructions of a stage, one after the other.

mod copy;
mod instruct;
mod lint;
mod metadata;
mod run;

use std::collections::{BTreeMap, BTreeSet};

use container_dockerfile::lint::Finding;
use container_dockerfile::{Instruction, Located};
use container_oci::Platform;

use super::outline::{Outline, StageOutline, named_origins};
use super::variables::StageVariables;
use super::{
    BaseImages, FileOrigin, ImageRequest, PlanError, PlanProblem, PlanRequest, StageBase, StageId, Step, StepLabel,
    onbuild,
};
use crate::image::StageImage;
use instruct::Instructions;

/// A stage and its steps.
#[derive(Debug, Clone)]
pub(crate) struct PlannedStage {
    /// Its number.
    pub(crate) id: StageId,
    /// How progress calls it.
    pub(crate) name: String,
    /// What it starts from.
    pub(crate) base: StageBase,
    /// What progress calls the base, where that is an image.
    pub(crate) base_label: Option<StepLabel>,
    /// What it runs on.
    pub(crate) platform: Platform,
    /// What is done, in order; each step makes one layer.
    pub(crate) steps: Vec<Step>,
    /// The image that it makes.
    pub(crate) image: StageImage,
}

/// A stage that is planned, and what those that start from it inherit.
struct Done {
    planned: PlannedStage,
    variables: StageVariables,
    /// Whether the variables are all that there are: the image below is known.
    knows_variables: bool,
    triggers_use: Vec<FileOrigin>,
}

/// What came out of it.
pub(super) struct PlannedStages {
    pub(super) stages: Vec<PlannedStage>,
    /// Images that have to be known first.
    pub(super) needs: BTreeSet<ImageRequest>,
    /// Build arguments that nothing declares.
    pub(super) unused_args: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Plans the stages that are needed, in the order of the file.
pub(super) struct StagePlanner<'a> {
    request: &'a PlanRequest<'a>,
    outline: &'a Outline<'a>,
    bases: &'a BaseImages,
    done: BTreeMap<StageId, Done>,
    needs: BTreeSet<ImageRequest>,
    /// Build arguments that some `ARG` has declared.
    used_args: BTreeSet<String>,
    findings: Vec<Finding>,
}

impl<'a> StagePlanner<'a> {
    pub(super) fn new(request: &'a PlanRequest<'a>, outline: &'a Outline<'a>, bases: &'a BaseImages) -> Self {
        let globals = request
            .dockerfile
            .global_args
            .iter()
            .flat_map(|arg| &arg.value.declarations);
        Self {
            request,
            outline,
            bases,
            done: BTreeMap::new(),
            needs: BTreeSet::new(),
            used_args: globals.map(|declaration| declaration.name.to_string()).collect(),
            findings: lint::of_bases(request),
        }
    }

    /// Plans a stage, unless its base is not known yet.
    pub(super) fn stage(&mut self, id: StageId) -> Result<(), PlanError> {
        let Some(outline) = self.outline.stages.get(id.0) else {
            return Ok(());
        };
        let range = outline.stage.source.range;
        let mut knows_variables = true;
        let (image, variables, triggers, platform) = match &outline.base {
            StageBase::Scratch => {
                let image = StageImage::scratch(outline.platform.clone());
                (image, None, Vec::new(), outline.platform.clone())
            }
            StageBase::Files(name) => return Err(PlanProblem::FilesAsBase { name: name.clone() }.at(range)),
            StageBase::Image(request) => {
                let Some(config) = self.bases.get(request) else {
                    self.needs.insert(request.clone());
                    return Ok(());
                };
                knows_variables = !self.bases.is_unknown(request);
                let (image, triggers) = StageImage::on(config, outline.platform.clone());
                (image, None, triggers, outline.platform.clone())
            }
            StageBase::Stage(base) => {
                // The base of the base is not known yet.
                let Some(base) = self.done.get(base) else { return Ok(()) };
                knows_variables = base.knows_variables;
                let (image, triggers) = StageImage::on_stage(&base.planned.image);
                (
                    image,
                    Some(base.variables.clone()),
                    triggers,
                    base.planned.platform.clone(),
                )
            }
        };
        let variables = variables.unwrap_or_else(|| StageVariables::of_environment(&image.defaults.env));
        let triggers = onbuild::parse(&triggers, range)?;
        let own = outline.stage.instructions.iter().filter(|_| !outline.is_replaced);
        let mut triggers_use = Vec::new();
        for trigger in &triggers {
            for name in named_origins(&trigger.value) {
                triggers_use.push(self.outline.origin(name, id).map_err(|problem| problem.at(range))?);
            }
        }
        let mut instructions = Instructions {
            request: self.request,
            outline: self.outline,
            id,
            labels: Labels::new(self, outline, &platform, triggers.len()),
            image,
            variables,
            steps: Vec::new(),
            used_args: &mut self.used_args,
            findings: &mut self.findings,
            knows_variables,
        };
        let base_label = instructions.labels.base(&outline.base);
        for trigger in &triggers {
            instructions.labels.is_on_build = true;
            instructions.instruct(trigger)?;
        }
        instructions.labels.is_on_build = false;
        for located in own {
            instructions.lint(located);
            instructions.instruct(located)?;
        }
        let planned = PlannedStage {
            id,
            name: outline.name(),
            base: outline.base.clone(),
            base_label,
            platform,
            steps: instructions.steps,
            image: instructions.image,
        };
        let variables = instructions.variables;
        let done = Done {
            planned,
            variables,
            knows_variables,
            triggers_use,
        };
        self.done.insert(id, done);
        Ok(())
    }

    /// What the triggers of the stage's base use.
    pub(super) fn sources_of_triggers(&self, id: StageId) -> &[FileOrigin] {
        self.done.get(&id).map_or(&[], |done| &done.triggers_use)
    }

    pub(super) fn finish(self) -> PlannedStages {
        let given = self.request.build_args.keys();
        let is_unused = |name: &&String| {
            !self.used_args.contains(*name)
                && self.outline.globals.get(name).is_none()
                && !run::is_proxy(name)
                && !is_switch(name)
        };
        let unused_args = given.filter(is_unused).cloned().collect();
        PlannedStages {
            stages: self.done.into_values().map(|done| done.planned).collect(),
            needs: self.needs,
            unused_args,
            findings: self.findings,
        }
    }
}

/// Whether a build argument is a switch of the build itself, which needs no `ARG`.
fn is_switch(name: &str) -> bool {
    name.starts_with("BUILDKIT_") || name == super::EPOCH
}

/// Counts the steps of a stage.
pub(super) struct Labels {
    platform: Option<Platform>,
    stage: Option<String>,
    number: usize,
    total: usize,
    is_on_build: bool,
}

impl Labels {
    fn new(planner: &StagePlanner<'_>, outline: &StageOutline<'_>, platform: &Platform, triggers: usize) -> Self {
        let own = outline.stage.instructions.iter().filter(|_| !outline.is_replaced);
        let counted = own.filter(|located: &&Located<Instruction>| {
            matches!(
                located.value,
                Instruction::Add(_) | Instruction::Copy(_) | Instruction::Run(_) | Instruction::Workdir(_)
            )
        });
        let base = usize::from(matches!(outline.base, StageBase::Image(_)));
        Self {
            platform: planner.request.shows_platform.then(|| platform.clone()),
            stage: planner.outline.names_stages().then(|| outline.name()),
            number: 0,
            total: base + triggers + counted.count(),
            is_on_build: false,
        }
    }

    fn base(&mut self, base: &StageBase) -> Option<StepLabel> {
        match base {
            StageBase::Image(request) => Some(self.next(format!("FROM {}", request.name))),
            _ => None,
        }
    }

    pub(super) fn next(&mut self, text: String) -> StepLabel {
        self.number += 1;
        StepLabel {
            platform: self.platform.clone(),
            stage: self.stage.clone(),
            number: self.number,
            total: self.total,
            is_on_build: self.is_on_build,
            text,
        }
    }
}
