//! Which registry a command is about.

use container_engine::ConfiguredEngine;
use container_oci::RegistryHost;

use crate::error::CommandError;

/// The registry that a command line names; that of short image names when it names none.
pub(super) fn registry(engine: &ConfiguredEngine, server: Option<&str>) -> Result<RegistryHost, CommandError> {
    match server {
        Some(server) => RegistryHost::from_address(server).map_err(|error| CommandError::usage(format!("{error}"))),
        None => Ok(engine.default_registry().clone()),
    }
}
