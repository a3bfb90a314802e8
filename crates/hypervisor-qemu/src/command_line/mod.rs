//! QEMU's command line, as a function of what the machine is to be. Nothing here touches the host.

mod board;
mod disks;
mod kernel_arguments;
mod ports;
mod value;

use std::ffi::OsString;

use container_hypervisor::{ConfigError, MachineConfig};

use crate::Accelerator;

pub(crate) use disks::{DISK_SLOTS, DiskPlacement, hot_plug};

/// How the agent is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentChannel {
    /// A virtio-serial port on an inherited socket.
    Port {
        /// QEMU's end, by its number in QEMU.
        descriptor: i32,
    },
    /// vhost-vsock.
    Vsock {
        /// Context id of the guest.
        guest_cid: u32,
    },
}

/// What the command line depends on apart from the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) accelerator: Accelerator,
    /// Whether the kernel is the emulated variant, which knows the argument `lapic_timer_khz`.
    pub(crate) emulated_kernel: bool,
    /// Rate of the time-stamp counter, where known.
    pub(crate) tsc_khz: Option<u64>,
    pub(crate) agent: AgentChannel,
    /// QEMU's end of the control channel, by its number in QEMU.
    pub(crate) control_descriptor: i32,
}

/// A complete command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Without the program itself.
    pub(crate) arguments: Vec<OsString>,
    /// Where the disks went.
    pub(crate) placement: DiskPlacement,
}

/// Refuses what QEMU could do only with the host's help: no new privileges, no other programs, no obsolete calls, no
/// change of its own scheduling.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// Builds the command line for a valid configuration.
///
/// # Errors
/// [`ConfigError::Unavailable`] for what this backend cannot attach.
pub(crate) fn build(config: &MachineConfig, setup: &Setup) -> Result<CommandLine, ConfigError> {
    if let Some(shared) = config.shared_directories.first() {
        let reason = format!("this version shares no directories with a machine (tag {})", shared.tag);
        return Err(ConfigError::Unavailable {
            what: "a shared directory",
            reason,
        });
    }
    let mut devices = Devices::default();
    ports::agent(&setup.agent, &mut devices);
    ports::entropy(setup.accelerator, &mut devices);
    ports::frames(&config.frame_ports, &mut devices);
    ports::balloon(config.balloon, &mut devices);
    let free = board::TRANSPORT_COUNT
        .checked_sub(devices.transport_count)
        .ok_or_else(|| ConfigError::Unavailable {
            what: "another network interface",
            reason: format!("the machine has {} slots for devices", board::TRANSPORT_COUNT),
        })?;
    let placement = DiskPlacement::plan(config.disks.len(), free)?;
    disks::attach(&config.disks, placement, &mut devices);

    let mut arguments: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        .map(Into::into)
        .into();
    arguments.extend(["-sandbox", SANDBOX].map(Into::into));
    arguments.extend(board::arguments(config, setup));
    arguments.extend(ports::console(&config.console_log));
    arguments.extend(ports::control(setup.control_descriptor));
    arguments.extend(devices.arguments);
    arguments.extend([
        "-kernel".into(),
        config.kernel.clone().into_os_string(),
        "-initrd".into(),
        config.initramfs.clone().into_os_string(),
        "-append".into(),
        kernel_arguments::build(config, setup).into(),
    ]);
    Ok(CommandLine { arguments, placement })
}

/// Devices on virtio-mmio transports, of which a board has only so many.
#[derive(Debug, Default)]
struct Devices {
    arguments: Vec<OsString>,
    transport_count: usize,
}

impl Devices {
    /// Adds a device that takes a transport.
    fn on_transport(&mut self, device: impl Into<OsString>) {
        self.transport_count += 1;
        self.option("-device", device);
    }

    fn option(&mut self, name: &str, value: impl Into<OsString>) {
        self.arguments.extend([name.into(), value.into()]);
    }
}

#[cfg(test)]
mod tests;
