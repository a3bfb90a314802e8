//! Which stages the target needs.

use std::collections::BTreeSet;

use super::outline::Outline;
use super::{FileOrigin, StageBase, StageId};

/// The stages that are needed.
#[derive(Debug)]
pub(super) struct Reach(BTreeSet<StageId>);

impl Reach {
    /// What `target` needs, as far as the Dockerfile itself says it.
    pub(super) fn of(outline: &Outline<'_>, target: StageId) -> Self {
        let mut reach = Self(BTreeSet::new());
        reach.add(outline, target);
        reach
    }

    /// In the order of the file, which is one in which each comes after those that it needs.
    pub(super) fn stages(&self) -> impl Iterator<Item = StageId> {
        self.0.iter().copied()
    }

    /// Adds what else is used; whether that was new.
    pub(super) fn extend(&mut self, outline: &Outline<'_>, origins: &[FileOrigin]) -> bool {
        let before = self.0.len();
        for id in origins.iter().filter_map(FileOrigin::stage) {
            self.add(outline, id);
        }
        self.0.len() > before
    }

    fn add(&mut self, outline: &Outline<'_>, id: StageId) {
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if !self.0.insert(id) {
                continue;
            }
            let Some(stage) = outline.stages.get(id.0) else {
                continue;
            };
            if let StageBase::Stage(base) = stage.base {
                pending.push(base);
            }
            // What is wrong with a name is told when its instruction is planned.
            let origins = stage.origins().filter_map(|(name, _)| outline.origin(name, id).ok());
            pending.extend(origins.filter_map(|origin| origin.stage()));
        }
    }
}
