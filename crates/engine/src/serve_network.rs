//! What the hidden sub-command does: it is the process of a network.

use std::process::ExitCode;

use container_model::NetworkName;
use container_network::names::HostResolvers;

use crate::{Engine, EngineError};

/// Becomes the process of a network and serves it until a moment after its last container has left it.
///
/// # Errors
/// When there is no place for the state. What fails later is in the network's log.
pub fn serve_network(name: &NetworkName) -> Result<ExitCode, EngineError> {
    let engine = Engine::open()?;
    // Settings that cannot be read are an error of the command that made the container, and no reason to have no network.
    let settings = engine.clone().configured().ok();
    let domain = settings.and_then(|engine| engine.settings.dns.domain.clone());
    Ok(container_network::execute(
        &engine.paths,
        name,
        domain,
        HostResolvers::new(),
    ))
}
