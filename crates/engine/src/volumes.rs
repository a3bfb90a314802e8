//! Volumes. Each verb is a file in `volumes/`.

mod create;
mod delete;
mod inspect;
mod list;
mod prepare;
mod prune;
mod view;

pub use create::CreateVolumeRequest;
pub use prune::{PrunedVolumes, VolumePruneScope};
pub use view::VolumeView;
