//! What is known of base images.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use container_oci::{ImageConfig, Platform, ProcessDefaults, Reference};

/// What an image is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ImageName {
    /// As registries and the store know it.
    Reference(Reference),
    /// As the named context that it is, an OCI layout.
    Layout(String),
}

impl ImageName {
    /// For people: without what every name has.
    pub(crate) fn familiar(&self) -> String {
        match self {
            Self::Reference(reference) => reference.familiar(),
            Self::Layout(context) => context.clone(),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => reference.fmt(f),
            Self::Layout(context) => f.write_str(context),
        }
    }
}

/// An image of one platform that a build starts from or copies from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ImageRequest {
    /// Its name.
    pub(crate) name: ImageName,
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
