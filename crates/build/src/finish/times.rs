//! When the steps of an image were done: a build that finds all of them in the cache makes the image that there was.

use std::collections::BTreeMap;

use container_oci::{Digest, History};

use crate::epoch;
use crate::execute::Execution;

/// When the layers of a build were made.
pub(super) struct StepTimes {
    /// By the digests of their tars, as documents of images have it.
    layers: BTreeMap<Digest, String>,
    /// The time that was given for everything, if one was.
    given: Option<String>,
    /// When this build started.
    started: String,
}

impl StepTimes {
    pub(super) fn of(execution: &Execution<'_>) -> Self {
        let steps = execution.made.all();
        let time = |unix_seconds| epoch::text_of(unix_seconds).unwrap_or_default();
        let layers = steps
            .values()
            .map(|step| (step.layer.diff_id, time(step.created_unix_seconds)));
        Self {
            layers: layers.collect(),
            given: execution.epoch.seconds().and_then(epoch::text_of),
            started: execution.epoch.text(),
        }
    }

    /// The history with a time for each step that has none: that of its layer, which are `layers` from the lowest on. A step without a layer has the time of
    /// the one before it, and before the first layer of a build the time of that, as with BuildKit.
    pub(super) fn told(&self, history: Vec<History>, layers: &[Digest]) -> Vec<History> {
        let mut layers = layers.iter();
        let mut history: Vec<History> = history
            .into_iter()
            .map(|mut step| {
                let layer = match step.empty_layer() {
                    Some(true) => None,
                    _ => layers.next(),
                };
                if step.created().is_none() {
                    let time = self.given.as_ref().or_else(|| self.layers.get(layer?));
                    step.set_created(time.cloned());
                }
                step
            })
            .collect();
        let first_missing = history.iter().position(|step| step.created().is_none());
        let after = |at: usize| {
            history
                .get(at..)
                .into_iter()
                .flatten()
                .find_map(|step| step.created().clone())
        };
        let before = |at: usize| history.get(..at)?.iter().rev().find_map(|step| step.created().clone());
        let mut last = first_missing
            .and_then(|at| after(at).or_else(|| before(at)))
            .unwrap_or_else(|| self.started.clone());
        let mut is_filling = false;
        for step in &mut history {
            match step.created() {
                Some(time) if is_filling => last.clone_from(time),
                Some(_) => {}
                None => {
                    is_filling = true;
                    step.set_created(Some(last.clone()));
                }
            }
        }
        history
    }

    /// The time of an image with this history.
    pub(super) fn of_image(&self, history: &[History]) -> String {
        let last = history.last().and_then(|step| step.created().clone());
        self.given.clone().or(last).unwrap_or_else(|| self.started.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(created: Option<&str>, is_empty: bool) -> History {
        let mut step = History::default();
        step.set_created(created.map(str::to_owned));
        step.set_empty_layer(is_empty.then_some(true));
        step
    }

    fn told(steps: &[(Option<&str>, bool)], given: Option<&str>) -> Vec<String> {
        let layer = |number| Digest::Sha256([number; 32]);
        let times = StepTimes {
            layers: [(layer(1), "one".to_owned()), (layer(2), "two".to_owned())].into(),
            given: given.map(str::to_owned),
            started: "started".to_owned(),
        };
        let history = steps.iter().map(|(created, is_empty)| step(*created, *is_empty));
        let told = times.told(history.collect(), &[layer(0), layer(1), layer(2)]);
        told.iter().map(|step| step.created().clone().unwrap()).collect()
    }

    #[test]
    fn steps_have_the_time_of_their_layer_or_of_the_one_before() {
        let base = (Some("base"), false);
        let steps = [
            base,
            (None, true),
            (None, false),
            (None, true),
            (None, false),
            (None, true),
        ];
        assert_eq!(told(&steps, None), ["base", "one", "one", "one", "two", "two"]);
        assert_eq!(told(&[base, (None, true)], None), ["base", "base"]);
        assert_eq!(told(&[(None, true)], None), ["started"]);
        assert_eq!(told(&steps[..3], Some("given")), ["base", "given", "given"]);
    }
}
