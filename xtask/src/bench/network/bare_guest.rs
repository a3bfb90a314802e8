//! `peer` as the only program of a machine without a launcher of ours, on QEMU's built-in user network as it comes, or on a network of ours:
//! everything else about the two is the same.

use super::services::{self, PORTS, Services};
use crate::architecture::Architecture;
use crate::bench::app_root::AppRoot;
use crate::bench::bare_machine::BareMachine;
use crate::guest;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The address that QEMU forwards ports to (QEMU's documentation of `-netdev user`, `dhcpstart`).
const USER_ADDRESS: &str = "10.0.2.15/24";

/// The machine, which runs until this is dropped.
pub(super) struct BareGuest {
    pub(super) services: Services,
    /// QEMU, or `wire`, which ends its QEMU when its standard input ends.
    process: Child,
}

impl BareGuest {
    /// Starts the machine on QEMU's user network, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn on_user_network(app_root: &AppRoot, peer: &[u8]) -> Result<Self> {
        let addresses = services::free_addresses()?;
        let forwards = addresses
            .iter()
            .zip(PORTS)
            .map(|(address, port)| format!(",hostfwd=tcp:{address}-:{port}"));
        let mut qemu = machine(app_root, peer, USER_ADDRESS, "user")?;
        let network = format!("user,id=net0,restrict=on{}", forwards.collect::<String>());
        qemu.args(["-netdev", &network, "-device", "virtio-net-device,netdev=net0"]);
        let started = Self {
            services: Services::at(addresses),
            process: spawn(app_root, &mut qemu, "user")?,
        };
        started.wait(app_root, "user")
    }

    /// Starts the machine on a network of ours, whose process `wire` is, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn on_our_network(app_root: &AppRoot, peer: &[u8], wire: &Path) -> Result<Self> {
        // `wire` fills in what it is told by the network's process.
        let mut qemu = machine(app_root, peer, "{address}", "ours")?;
        qemu.args(["-netdev", "dgram,id=net0,local.type=fd,local.str={fd}"]);
        qemu.args(["-device", "virtio-net-device,netdev=net0,mac={mac},host_mtu={mtu}"]);
        let mut command = Command::new(wire);
        command.args(["attach", &services::list(PORTS)]);
        command.arg(qemu.get_program()).args(qemu.get_args());
        let mut process = spawn(app_root, command.stdin(Stdio::piped()).stdout(Stdio::piped()), "ours")?;
        let mut printed = String::new();
        let output = process.stdout.take().context("wire has no output")?;
        BufReader::new(output).read_line(&mut printed)?;
        let started = Self {
            services: services::parse(printed.trim())?,
            process,
        };
        started.wait(app_root, "ours")
    }

    fn wait(self, app_root: &AppRoot, name: &str) -> Result<Self> {
        self.services.wait().with_context(|| {
            let said = [".console", ".output"]
                .map(|suffix| fs::read_to_string(app_root.path().join(name.to_owned() + suffix)).unwrap_or_default());
            format!("a machine on a network ({name}) says:\n{}", said.concat().trim_end())
        })?;
        Ok(self)
    }
}

impl Drop for BareGuest {
    fn drop(&mut self) {
        match self.process.stdin.take() {
            Some(input) => drop(input),
            None => drop(self.process.kill()),
        }
        let _ = self.process.wait();
    }
}

/// The machine without a network device.
fn machine(app_root: &AppRoot, peer: &[u8], address: &str, name: &str) -> Result<Command> {
    let (accelerator, kernel) = app_root.machine()?;
    let initramfs = app_root.path().join("peer.cpio");
    fs::write(&initramfs, guest::initramfs(peer)?)?;
    let machine = BareMachine {
        architecture: Architecture::host(),
        accelerator,
        kernel,
        initramfs,
    };
    let address = format!("PEER_ADDRESS={address}");
    let ports = format!("{}={}", services::PORTS_VARIABLE, services::list(PORTS));
    let console = match Architecture::host() {
        Architecture::X86_64 => "console=ttyS0",
        Architecture::Aarch64 => "console=ttyAMA0",
    };
    let mut command = machine.command(&[console, &address, &ports])?;
    let console = app_root.path().join(format!("{name}.console"));
    command.arg("-serial").arg(format!("file:{}", console.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

/// Starts the program with a file for its errors.
fn spawn(app_root: &AppRoot, command: &mut Command, name: &str) -> Result<Child> {
    let errors = File::create(app_root.path().join(format!("{name}.output")))?;
    let started = command.stderr(errors).spawn();
    started.with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))
}
