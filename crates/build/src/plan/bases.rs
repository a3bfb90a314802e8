//! What is known of base images.

use std::collections::{BTreeMap, BTreeSet};

use container_oci::{ImageConfig, Platform, ProcessDefaults, Reference};

/// An image of one platform that a build starts from or copies from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ImageRequest {
    /// Its name.
    pub(crate) reference: Reference,
    /// What it has to run on.
    pub(crate) platform: Platform,
}

/// The configurations of images that stages start from.
#[derive(Debug, Clone, Default)]
pub(crate) struct BaseImages {
    configs: BTreeMap<ImageRequest, ImageConfig>,
    unknown: BTreeSet<ImageRequest>,
}

impl BaseImages {
    /// Adds what is known of an image.
    pub(crate) fn insert(&mut self, request: ImageRequest, config: ImageConfig) {
        self.configs.insert(request, config);
    }

    /// Goes on without an image: it counts as one that says nothing, and variables of stages on it are not checked.
    pub(crate) fn insert_unknown(&mut self, request: ImageRequest) {
        let blank = ImageConfig::new(request.platform.clone(), ProcessDefaults::default(), Vec::new());
        self.unknown.insert(request.clone());
        self.configs.insert(request, blank);
    }

    pub(super) fn get(&self, request: &ImageRequest) -> Option<&ImageConfig> {
        self.configs.get(request)
    }

    pub(super) fn is_unknown(&self, request: &ImageRequest) -> bool {
        self.unknown.contains(request)
    }
}
