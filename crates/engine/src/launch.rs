//! What the hidden sub-command does: it is the launcher of a container.

use std::process::ExitCode;

use container_hypervisor::GuestArchitecture;
use container_launcher::{Launch, Limits, Restarts};
use container_model::ContainerId;

use crate::assets::initramfs;
use crate::backend::{ThisHost, guest_architecture};
use crate::machines::{BootFiles, Machines};
use crate::start::ssh_agent;
use crate::templates::TemplatePolicy;
use crate::{Engine, EngineError};

/// Becomes the launcher of a container and runs it to its end. Must be called on the main thread, before any runtime.
///
/// The process that started it may still be making the container; it is looked for once that process has said its first word.
///
/// # Errors
/// When there is no such container. What fails later is answered over the control connection.
pub fn launch(id: &ContainerId) -> Result<ExitCode, EngineError> {
    let engine = Engine::open()?;
    container_launcher::wait_for_starter();
    let view = engine.load(id)?;
    let host = ThisHost::new(engine.app_root(), guest_architecture(&view.config.platform));
    let own_kernel = view.config.options.kernel.clone();
    let options = view.config.options.clone();
    let store = engine.templates.clone();
    let templates = move || Ok(TemplatePolicy::of_this_user(&options)?.of_store(&store));
    let paths = engine.paths.clone();
    let log = engine.containers.bundle(id).launcher_log();
    let files = move |architecture: GuestArchitecture| BootFiles {
        kernel: own_kernel
            .clone()
            .or_else(|| engine.user_kernel(architecture.oci_name())),
        initramfs: initramfs(engine.app_root(), architecture),
    };
    let launch = |control| Launch {
        machines: Box::new(Machines::new(host, files, templates)),
        policy: Box::new(Restarts),
        control: Some(control),
        limits: Limits::from_environment(),
        ssh_agent: ssh_agent(),
        paths,
        id: id.clone(),
    };
    Ok(container_launcher::execute(&log, launch))
}
