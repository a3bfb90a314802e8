//! What stages have made, for those that wait for it.

use std::collections::BTreeMap;

use container_image::StoredLayer;
use container_oci::Digest;
use tokio::sync::watch;

use crate::plan::StageId;

/// The layers of a stage so far, the lowest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct StageRoot {
    pub(crate) layers: Vec<StoredLayer>,
    /// The manifest of the image whose layers these are, if they are all of an image's and no others.
    pub(crate) image: Option<Digest>,
}

impl StageRoot {
    /// Puts a layer on top.
    pub(crate) fn push(&mut self, layer: StoredLayer) {
        self.layers.push(layer);
        self.image = None;
    }

    pub(crate) fn diff_ids(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| layer.diff_id).collect()
    }
}

/// The results of all stages.
pub(crate) struct StageRoots(BTreeMap<StageId, watch::Sender<Option<StageRoot>>>);

impl StageRoots {
    pub(crate) fn new(stages: impl Iterator<Item = StageId>) -> Self {
        Self(stages.map(|id| (id, watch::Sender::new(None))).collect())
    }

    pub(crate) fn done(&self, id: StageId, root: StageRoot) {
        if let Some(result) = self.0.get(&id) {
            result.send_replace(Some(root));
        }
    }

    /// Waits for a stage. When that fails this waits for ever: the failure ends the build, and this with it.
    pub(crate) async fn wait(&self, id: StageId) -> StageRoot {
        let Some(result) = self.0.get(&id) else {
            return StageRoot::default();
        };
        let mut result = result.subscribe();
        // The sender lives as long as `self`.
        match result.wait_for(Option::is_some).await {
            Ok(root) => root.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stage_is_waited_for() {
        let roots = StageRoots::new([StageId(0)].into_iter());
        let (root, ()) = tokio::join!(roots.wait(StageId(0)), async {
            tokio::task::yield_now().await;
            roots.done(StageId(0), StageRoot::default());
        });
        assert!(root.layers.is_empty());
    }
}
