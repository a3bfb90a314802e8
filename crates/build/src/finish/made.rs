//! What was made for one platform.

use container_oci::{Digest, ImageConfig, Platform};

use super::times::StepTimes;
use crate::BuildError;
use crate::execute::{Execution, StageRoot};
use crate::plan::{Plan, StageBase};

/// What was made for one platform.
pub(crate) struct Made {
    pub(super) plan: Plan,
    pub(super) root: StageRoot,
    pub(super) platform: Platform,
}

impl Made {
    pub(crate) fn new(plan: Plan, root: StageRoot, platform: Platform) -> Self {
        Self { plan, root, platform }
    }

    /// Digests of the tars of its layers.
    pub(crate) fn diff_ids(&self) -> Vec<Digest> {
        self.root.diff_ids()
    }

    /// The configuration of an image with these layers, with the labels of the request.
    pub(super) fn config(&self, execution: &Execution<'_>, diff_ids: Vec<Digest>) -> ImageConfig {
        let Some(stage) = self.plan.stage(self.plan.target) else {
            return ImageConfig::new(self.platform.clone(), Default::default(), diff_ids);
        };
        let mut image = stage.image.clone();
        let labels = execution.request.labels.iter();
        image
            .defaults
            .labels
            .extend(labels.map(|(name, value)| (name.clone(), value.clone())));
        let mut config = ImageConfig::new(self.platform.clone(), image.defaults, diff_ids);
        config.author = image.author;
        let times = StepTimes::of(execution);
        config.history = times.told(image.history, &self.root.diff_ids());
        config.created = Some(times.of_image(&config.history));
        config
    }

    /// How many of the layers, the lowest ones, are those of the image that the target starts from.
    pub(super) async fn base_layers(&self, execution: &Execution<'_>) -> Result<usize, BuildError> {
        let mut stage = self.plan.stage(self.plan.target);
        while let Some(current) = stage {
            match &current.base {
                StageBase::Stage(below) => stage = self.plan.stage(*below),
                StageBase::Image(request) => return Ok(execution.bases.find(request).await?.layers.len()),
                StageBase::Scratch | StageBase::Files(_) => break,
            }
        }
        Ok(0)
    }
}
