//! `peer` in a machine on QEMU's built-in user network, as it comes: without our program, with the same kernel and the same processor.

use super::services::{self, PORTS, Services};
use crate::architecture::Architecture;
use crate::bench::app_root::AppRoot;
use crate::bench::bare_machine::BareMachine;
use crate::guest;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// The address that QEMU forwards ports to (QEMU's documentation of `-netdev user`, `dhcpstart`), for `peer`.
const ADDRESS: &str = "PEER_ADDRESS=10.0.2.15/24";

/// The machine, which runs until this is dropped.
pub(super) struct UserNetwork {
    pub(super) services: Services,
    qemu: Child,
    console: PathBuf,
}

impl UserNetwork {
    /// Starts the machine with `peer` as its only program, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn start(app_root: &AppRoot, peer: &[u8]) -> Result<Self> {
        let (accelerator, kernel) = app_root.machine()?;
        let initramfs = app_root.path().join("peer.cpio");
        fs::write(&initramfs, guest::initramfs(peer)?)?;
        let machine = BareMachine {
            architecture: Architecture::host(),
            accelerator,
            kernel,
            initramfs,
        };
        let addresses = services::free_addresses()?;
        let forwards = addresses
            .iter()
            .zip(PORTS)
            .map(|(address, port)| format!(",hostfwd=tcp:{address}-:{port}"));
        let network = format!("user,id=net0,restrict=on{}", forwards.collect::<String>());
        let console = app_root.path().join("peer.console");
        let ports = format!("{}={}", services::PORTS_VARIABLE, services::list(PORTS));
        let mut command = machine.command(&[console_argument(), ADDRESS, &ports])?;
        command.args(["-netdev", &network, "-device", "virtio-net-device,netdev=net0"]);
        command.arg("-serial").arg(format!("file:{}", console.display()));
        let output = File::create(app_root.path().join("peer.qemu"))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let qemu = command.spawn().context("cannot start QEMU")?;
        let started = Self {
            services: Services::at(addresses),
            qemu,
            console,
        };
        started.services.wait().with_context(|| started.said())?;
        Ok(started)
    }

    /// What its console shows.
    fn said(&self) -> String {
        let console = fs::read_to_string(&self.console).unwrap_or_default();
        format!("a machine on QEMU's user network says:\n{}", console.trim_end())
    }
}

impl Drop for UserNetwork {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Where the kernel's messages go.
fn console_argument() -> &'static str {
    match Architecture::host() {
        Architecture::X86_64 => "console=ttyS0",
        Architecture::Aarch64 => "console=ttyAMA0",
    }
}
