//! Images, and what containers need of them. Each verb is a file in `images/`.

mod blocking;
mod delete;
mod ensure;
mod find;
mod history;
mod list;
mod load;
mod platforms;
mod progress;
mod pull;
mod push;
mod save;
mod view;

use container_build_cache::BuildCache;
use container_image::ImagesInUse;
use container_model::ContainerConfig;

use crate::Engine;
use crate::error::InUseError;

pub(crate) use blocking::blocking;
pub use delete::{PruneReport, PruneScope};
pub use history::HistoryStep;
pub use load::{LoadRequest, LoadSource, LoadedImage};
pub use platforms::PlatformChoice;
pub use progress::{ImageEvent, ImageProgress, LayerEvent};
pub use pull::{PullRequest, PulledImage};
pub use push::{PushRequest, PushedImage};
pub use save::{SaveFormat, SaveRequest, SaveTarget, SavedImage};
pub use view::{ImageSummary, ImageVariant};

impl Engine {
    /// What containers need of the image store, and what builds keep in it.
    pub(crate) fn images_in_use(&self) -> Result<ImagesInUse, InUseError> {
        let listing = self.containers.list()?;
        let mut in_use = ImagesInUse {
            has_unknown: !listing.damaged.is_empty(),
            ..ImagesInUse::default()
        };
        for container in &listing.containers {
            add(&mut in_use, &container.config);
        }
        for stored in BuildCache::at(self.app_root()).steps()? {
            let layer = stored.step.layer;
            in_use.cached.extend([layer.descriptor.digest, layer.diff_id]);
        }
        Ok(in_use)
    }
}

fn add(in_use: &mut ImagesInUse, config: &ContainerConfig) {
    let image = &config.image;
    for digest in [image.descriptor.known.digest, image.manifest_digest] {
        in_use.images.entry(digest).or_default().insert(config.id.to_string());
    }
    in_use.layers.extend(&image.layers);
}
