//! What a plan is made of.

use std::collections::BTreeMap;

use container_build_context::Ignore;
use container_dockerfile::Dockerfile;
use container_oci::Platform;

use super::NamedContexts;

/// What is to be built.
#[derive(Debug)]
pub(crate) struct PlanRequest<'a> {
    /// The Dockerfile.
    pub(crate) dockerfile: &'a Dockerfile,
    /// Name or number of the stage to be built; the last one without it.
    pub(crate) target: Option<String>,
    /// `--build-arg`, by name.
    pub(crate) build_args: &'a BTreeMap<String, String>,
    /// `--build-context`.
    pub(crate) contexts: &'a NamedContexts,
    /// What is ignored of the context, for the checks.
    pub(crate) ignore: &'a Ignore,
    /// When the context was made, in seconds since 1970, if it has such a time.
    pub(crate) context_unix_seconds: Option<i64>,
    /// What the image is to run on.
    pub(crate) platform: Platform,
    /// What the build runs on.
    pub(crate) build_platform: Platform,
    /// Whether labels of steps name the platform, because images for several are made.
    pub(crate) shows_platform: bool,
}
