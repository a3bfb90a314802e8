//! `peer` on the host itself: the limit of what a network can carry.

use super::services::{self, Services};
use crate::bench::app_root::AppRoot;
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

/// The process, which runs until this is dropped.
pub(super) struct Loopback {
    pub(super) services: Services,
    process: Child,
}

impl Loopback {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn start(app_root: &AppRoot, peer: &[u8]) -> Result<Self> {
        let program = app_root.path().join("peer");
        std::fs::write(&program, peer)?;
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755))?;
        let addresses = services::free_addresses()?;
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.env(
            services::PORTS_VARIABLE,
            services::list(addresses.map(|address| address.port())),
        );
        let started = Self {
            services: Services::at(addresses),
            process: command.spawn().context("cannot start peer")?,
        };
        started.services.wait()?;
        Ok(started)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
