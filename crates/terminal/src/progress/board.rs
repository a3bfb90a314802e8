//! The tasks of an operation and their states.

use std::time::Instant;

use super::rate::Rate;
use crate::printable;

/// Everything that is shown.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) headline: String,
    pub(super) tasks: Vec<Task>,
    pub(super) rate: Rate,
}

/// One task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    pub(super) stage: Stage,
    pub(super) rate: Rate,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not begun.
    Waiting,
    /// Bytes are being transferred.
    Running,
    /// It is doing something that is not measured in bytes.
    Doing(String),
    /// It has ended.
    Ended(String),
}

impl Board {
    pub(super) fn say(&mut self, text: &str) {
        self.headline = printable(text);
    }

    pub(super) fn queue(&mut self, name: &str, total: Option<u64>) {
        let task = self.task(name);
        task.total = total.or(task.total);
    }

    pub(super) fn advance(&mut self, name: &str, done: u64) {
        let task = self.task(name);
        task.done = done;
        task.stage = Stage::Running;
    }

    pub(super) fn doing(&mut self, name: &str, what: &str) {
        self.complete(name, Stage::Doing(printable(what)));
    }

    pub(super) fn remark(&mut self, name: &str, what: &str) {
        self.task(name).stage = Stage::Doing(printable(what));
    }

    pub(super) fn finish(&mut self, name: &str, outcome: &str) {
        self.complete(name, Stage::Ended(printable(outcome)));
    }

    /// All bytes of the task are there. Bytes that [`Self::advance`] has not counted were there before and do not count for the rate.
    fn complete(&mut self, name: &str, stage: Stage) {
        let task = self.task(name);
        let total = task.total.unwrap_or(task.done);
        let unseen = total.saturating_sub(task.done);
        task.done = total;
        task.stage = stage;
        task.rate.skip(unseen);
        self.rate.skip(unseen);
    }

    /// Updates the rates.
    pub(super) fn tick(&mut self, now: Instant) {
        for task in &mut self.tasks {
            task.rate.sample(now, task.done);
        }
        let done = self.done();
        self.rate.sample(now, done);
    }

    /// Bytes transferred of all tasks.
    pub(super) fn done(&self) -> u64 {
        self.tasks.iter().fold(0, |sum, task| sum.saturating_add(task.done))
    }

    /// Bytes of all tasks; `None` when that of one task is unknown.
    pub(super) fn total(&self) -> Option<u64> {
        let mut sum = 0_u64;
        for task in &self.tasks {
            sum = sum.saturating_add(task.total?);
        }
        (!self.tasks.is_empty()).then_some(sum)
    }

    /// Tasks that have ended.
    pub(super) fn ended(&self) -> usize {
        self.tasks.iter().filter(|task| task.has_ended()).count()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.tasks.iter().any(|task| task.stage == Stage::Running)
    }

    fn task(&mut self, name: &str) -> &mut Task {
        let name = printable(name);
        let index = match self.tasks.iter().position(|task| task.name == name) {
            Some(index) => index,
            None => {
                self.tasks.push(Task {
                    name,
                    done: 0,
                    total: None,
                    stage: Stage::Waiting,
                    rate: Rate::default(),
                });
                self.tasks.len() - 1
            }
        };
        &mut self.tasks[index]
    }
}

impl Task {
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }
}
