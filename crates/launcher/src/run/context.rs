//! What the parts of a run have in common.

use std::sync::Arc;

use container_model::ContainerConfig;
use container_state::Bundle;

use crate::launch::Launch;
use crate::recorder::Recorder;
use crate::session::Session;
use crate::sockets::PublishedSockets;
use crate::templates::TemplateLater;
use crate::volumes::AttachedVolumes;

/// The container that is run.
#[derive(Clone, Copy)]
pub(crate) struct RunContext<'a> {
    pub(crate) launch: &'a Launch,
    pub(crate) session: &'a Arc<Session>,
    pub(crate) config: &'a Arc<ContainerConfig>,
    pub(crate) bundle: &'a Bundle,
    pub(crate) recorder: &'a Recorder,
    pub(crate) volumes: &'a AttachedVolumes,
    pub(crate) sockets: &'a PublishedSockets,
    /// The template that is to be built when nobody waits for it.
    pub(crate) template: &'a TemplateLater,
}
