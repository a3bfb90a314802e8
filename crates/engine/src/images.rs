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

use container_image::ImagesInUse;
use container_model::ContainerConfig;
use container_oci::Digest;
use container_state::ListError;

use crate::Engine;

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
    /// What containers need of the image store.
    pub(crate) fn images_in_use(&self) -> Result<ImagesInUse, ListError> {
        let listing = self.containers.list()?;
        let mut in_use = ImagesInUse {
            has_unknown: !listing.damaged.is_empty(),
            ..ImagesInUse::default()
        };
        for container in &listing.containers {
            add(&mut in_use, &container.config);
        }
        Ok(in_use)
    }
}

fn add(in_use: &mut ImagesInUse, config: &ContainerConfig) {
    let image = &config.image;
    let index = image.descriptor.get("digest").and_then(|digest| digest.as_str());
    let images = [index, Some(image.manifest_digest.as_str())].into_iter().flatten();
    for digest in images.filter_map(|text| text.parse::<Digest>().ok()) {
        in_use.images.entry(digest).or_default().insert(config.id.to_string());
    }
    for layer in &image.layers {
        match layer.parse() {
            Ok(id) => {
                in_use.disks.insert(id);
            }
            Err(_) => in_use.has_unknown = true,
        }
    }
}
