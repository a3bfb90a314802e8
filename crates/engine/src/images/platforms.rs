//! Which platforms of an image are meant.

use container_oci::Platform;

/// Which platforms of an image are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PlatformChoice {
    /// In a pull the host's platform. In a push or save the whole index when everything that it names is here, else what is
    /// here of it.
    #[default]
    Default,
    /// The image for this platform, without the index that lists it.
    Only(Platform),
    /// The index whole, attestations included.
    All,
}

impl From<PlatformChoice> for container_image::PlatformChoice {
    fn from(choice: PlatformChoice) -> Self {
        match choice {
            PlatformChoice::Default => Self::Default,
            PlatformChoice::Only(platform) => Self::Only(platform),
            PlatformChoice::All => Self::All,
        }
    }
}
