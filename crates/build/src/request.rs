//! What is to be built, and how.

mod network;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use container_model::ByteSize;
use container_oci::{Platform, Reference};

pub use network::BuildNetwork;
pub(crate) use sources::DEFAULT_NAME;
pub use sources::{ContextSource, DockerfileSource, NamedContextSource, SecretSource};

use crate::{Annotation, BuildOutput, CacheSource, CacheTarget, DebugShell, ProvenanceRequest};

/// A build.
#[derive(Debug)]
pub struct BuildRequest {
    /// The Dockerfile.
    pub dockerfile: DockerfileSource,
    /// The files that it may copy.
    pub context: ContextSource,
    /// `--build-context`
    pub named_contexts: BTreeMap<String, NamedContextSource>,
    /// `--target`
    pub target: Option<String>,
    /// `--build-arg`
    pub build_args: BTreeMap<String, String>,
    /// What images are to run on; this machine without any.
    pub platforms: Vec<Platform>,
    /// `--label`
    pub labels: BTreeMap<String, String>,
    /// Names of the image.
    pub tags: Vec<Reference>,
    /// What is done again although it was done before.
    pub no_cache: NoCache,
    /// Whether base images are looked for at their registries although they are here.
    pub pulls: bool,
    /// The network of commands that do not say otherwise.
    pub network: BuildNetwork,
    /// Processors of machines.
    pub cpus: Option<u32>,
    /// Memory of machines.
    pub memory: Option<ByteSize>,
    /// `--secret`
    pub secrets: BTreeMap<String, SecretSource>,
    /// `--ssh`: sockets of agents.
    pub ssh_agents: BTreeMap<String, PathBuf>,
    /// `--cache-from`
    pub cache_from: Vec<CacheSource>,
    /// `--cache-to`
    pub cache_to: Vec<CacheTarget>,
    /// Annotations of images.
    pub annotations: Vec<Annotation>,
    /// `--provenance`: whether it is told with an image how that was made; without it the image is a manifest alone.
    pub provenance: Option<ProvenanceRequest>,
    /// What becomes of the result; without any it is an image in the store.
    pub outputs: Vec<BuildOutput>,
    /// `--debug-shell`: who gets a shell where a command fails.
    pub debug_shell: Option<Box<dyn DebugShell>>,
}

/// Which steps do not look at the cache. What they make is kept for later builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NoCache {
    /// None.
    #[default]
    Nothing,
    /// Those of these stages.
    Stages(BTreeSet<String>),
    /// All.
    Everything,
}

impl NoCache {
    /// Whether the steps of a stage are done again.
    #[must_use]
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Stages(stages) => stages.iter().any(|name| name.eq_ignore_ascii_case(stage)),
            Self::Everything => true,
        }
    }
}

impl BuildRequest {
    /// What images are made for: this machine where nothing else is asked for.
    pub(crate) fn platforms_or_host(&self) -> Vec<Platform> {
        match self.platforms.is_empty() {
            true => vec![Platform::host()],
            false => self.platforms.clone(),
        }
    }

    /// A build of `Dockerfile` in a context, with nothing but defaults.
    #[must_use]
    pub fn new(context: ContextSource) -> Self {
        Self {
            dockerfile: DockerfileSource::default(),
            context,
            named_contexts: BTreeMap::new(),
            target: None,
            build_args: BTreeMap::new(),
            platforms: Vec::new(),
            labels: BTreeMap::new(),
            tags: Vec::new(),
            no_cache: NoCache::default(),
            pulls: false,
            network: BuildNetwork::default(),
            cpus: None,
            memory: None,
            secrets: BTreeMap::new(),
            ssh_agents: BTreeMap::new(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            annotations: Vec::new(),
            provenance: None,
            outputs: Vec::new(),
            debug_shell: None,
        }
    }
}
