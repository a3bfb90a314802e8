//! `peer` in a container of ours on a network, with its ports published.

use super::services::{self, PORTS, Services};
use crate::bench::app_root::AppRoot;
use crate::process;
use anyhow::{Context, Result};
use std::net::SocketAddr;

/// The container's name, and the image's.
const NAME: &str = "peer";
const IMAGE: &str = "peer:latest";

/// The container, which is deleted when this is dropped.
pub(super) struct Container<'a> {
    pub(super) services: Services,
    app_root: &'a AppRoot,
}

impl<'a> Container<'a> {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn start(app_root: &'a AppRoot, peer: &[u8], network: &str) -> Result<Self> {
        app_root.load_program(NAME, peer)?;
        let ports = PORTS.map(|port| format!("127.0.0.1::{port}"));
        let mut arguments = vec!["run", "--detach", "--name", NAME, "--network", network];
        // What the bare machine has that it is compared with.
        arguments.extend(["--cpus", "1", "--memory", "1g"]);
        arguments.extend(ports.iter().flat_map(|port| ["--publish", port.as_str()]));
        let variable = format!("{}={}", services::PORTS_VARIABLE, services::list(PORTS));
        arguments.extend(["--env", &variable, IMAGE, "/peer"]);
        app_root.quietly(&arguments)?;
        let [sink, source, echo, web] = PORTS.map(|port| published(app_root, port));
        let services = Services::at([sink?, source?, echo?, web?]);
        let container = Self { services, app_root };
        services.wait()?;
        Ok(container)
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.app_root.quietly(&["delete", "--force", NAME]);
    }
}

/// The host's address of a port of the container.
fn published(app_root: &AppRoot, port: u16) -> Result<SocketAddr> {
    let printed = process::output(&mut app_root.container(&["port", NAME, &port.to_string()]))?;
    printed.parse().with_context(|| format!("not an address: {printed}"))
}
