//! What the hidden sub-command does: it is the launcher of a container.

use std::process::ExitCode;

use container_launcher::{Launch, Limits, OneRun};
use container_model::ContainerId;

use crate::assets::initramfs;
use crate::backend::ThisHost;
use crate::machines::Machines;
use crate::{Engine, EngineError};

/// Becomes the launcher of a container and runs it to its end. Must be called on the main thread, before any runtime.
///
/// # Errors
/// When there is no such container. What fails later is answered over the control connection.
pub fn launch(id: &ContainerId) -> Result<ExitCode, EngineError> {
    let engine = Engine::open()?;
    let view = engine.load(id)?;
    let kernel = view
        .config
        .options
        .kernel
        .clone()
        .or_else(|| engine.user_kernel(&view.config.platform.architecture));
    let launch = |control| Launch {
        machines: Box::new(Machines::new(
            ThisHost::new(engine.app_root()),
            kernel,
            initramfs(engine.app_root()),
        )),
        policy: Box::new(OneRun),
        control: Some(control),
        limits: Limits::from_environment(),
        paths: engine.paths.clone(),
        id: id.clone(),
    };
    Ok(container_launcher::execute(launch))
}
