//! One instruction at a time.

use std::collections::BTreeSet;

use container_dockerfile::lint::Finding;
use container_dockerfile::{Instruction, Located, Range, Word};

use super::super::outline::Outline;
use super::super::variables::StageVariables;
use super::super::{Operation, PlanError, PlanProblem, PlanRequest, Step};
use super::{Labels, StageId};
use crate::image::StageImage;

/// A stage while its instructions are gone through.
pub(super) struct Instructions<'a, 'b> {
    pub(super) request: &'a PlanRequest<'a>,
    pub(super) outline: &'a Outline<'a>,
    pub(super) id: StageId,
    pub(super) labels: Labels,
    pub(super) image: StageImage,
    pub(super) variables: StageVariables,
    pub(super) steps: Vec<Step>,
    pub(super) used_args: &'b mut BTreeSet<String>,
    pub(super) findings: &'b mut Vec<Finding>,
    /// Whether all variables of the base are known.
    pub(super) knows_variables: bool,
}

impl Instructions<'_, '_> {
    pub(super) fn instruct(&mut self, located: &Located<Instruction>) -> Result<(), PlanError> {
        let range = located.source.range;
        self.apply(located).map_err(|problem| problem.at(range))
    }

    fn apply(&mut self, located: &Located<Instruction>) -> Result<(), PlanProblem> {
        match &located.value {
            Instruction::Add(add) => self.add(add, located),
            Instruction::Copy(copy) => self.copy(copy, located),
            Instruction::Run(run) => self.run(run, located),
            Instruction::Workdir(word) => self.workdir(word, located),
            Instruction::Arg(arg) => self.arg(arg),
            Instruction::Env(env) => self.env(env),
            metadata => self.metadata(metadata),
        }
    }

    /// A word with the stage's variables.
    pub(super) fn expand(&self, word: &Word) -> Result<String, PlanProblem> {
        Ok(word.expand(&self.variables.all)?)
    }

    /// The directory that relative paths start from.
    pub(super) fn directory(&self) -> &str {
        match self.image.defaults.working_dir.as_str() {
            "" => "/",
            directory => directory,
        }
    }

    /// Adds a step whose entry in the history was just made.
    pub(super) fn step(&mut self, operation: Operation, label: String, range: Range) {
        let last = self.image.history.last();
        let description = last.and_then(|step| step.created_by().clone()).unwrap_or_default();
        let step = Step {
            label: self.labels.next(label),
            operation,
            range,
            description,
        };
        self.steps.push(step);
    }

    /// The text of an instruction for progress, with the values of its variables where it can be expanded as a whole.
    pub(super) fn shown(&self, located: &Located<Instruction>) -> String {
        let text = &located.source.text;
        let word = Word::new(
            text.clone(),
            self.request.dockerfile.directives.escape,
            located.source.range,
        );
        let expanded = word.expand(&self.variables.all).unwrap_or_else(|_| text.clone());
        with_upper_case_keyword(&expanded)
    }
}

/// `copy a b` as `COPY a b`.
pub(super) fn with_upper_case_keyword(text: &str) -> String {
    match text.split_once(' ') {
        Some((keyword, rest)) => format!("{} {rest}", keyword.to_ascii_uppercase()),
        None => text.to_ascii_uppercase(),
    }
}
