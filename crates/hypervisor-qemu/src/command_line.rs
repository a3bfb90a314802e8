//! QEMU's command line, as a function of what the machine is to be. Nothing here touches the host.

mod board;
mod configuration;
mod devices;
mod disks;
mod kernel_arguments;
mod ports;
mod setup;
pub(crate) mod value;

use std::ffi::OsString;

use container_hypervisor::{ConfigError, MachineConfig};

use crate::Accelerator;
use devices::Devices;
pub(crate) use disks::{DiskPlacement, LIMITS, hot_plug};
pub(crate) use setup::{AgentChannel, Numbers, Setup};

/// A complete command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// Without the program itself.
    pub(crate) arguments: Vec<OsString>,
    /// Text of the configuration file: what other users of the host, who can read any program's arguments, must not see.
    pub(crate) configuration: String,
    /// Where the disks went.
    pub(crate) placement: DiskPlacement,
}

/// QEMU's own seccomp filter: no new privileges, no other programs, no obsolete calls, no
/// change of its own scheduling.
pub(crate) const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// Builds the command line for a valid configuration.
///
/// # Errors
/// [`ConfigError::Unavailable`] for what this backend cannot attach.
pub(crate) fn build(config: &MachineConfig, setup: &Setup) -> Result<CommandLine, ConfigError> {
    refuse_what_is_missing(config, setup)?;
    let mut devices = Devices::default();
    ports::agent(&setup.agent, &mut devices);
    ports::entropy(setup.accelerator, &mut devices);
    ports::frames(&config.frame_ports, &setup.numbers.frame_ports, &mut devices);
    ports::balloon(config.balloon, &mut devices);
    let free = board::TRANSPORT_COUNT
        .checked_sub(devices.transport_count)
        .ok_or_else(|| ConfigError::Unavailable {
            what: "another network interface",
            reason: format!("the machine has {} slots for devices", board::TRANSPORT_COUNT),
        })?;
    let placement = DiskPlacement::plan(config.disks.len(), free)?;
    disks::attach(&config.disks, &setup.numbers.disks, placement, &mut devices);

    let mut arguments: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        .map(Into::into)
        .into();
    arguments.extend(["-sandbox", SANDBOX].map(Into::into));
    arguments.extend(["-name".into(), value::escaped(config.name.as_ref())]);
    arguments.extend(board::arguments(config, setup));
    arguments.extend(ports::console(setup.numbers.console));
    arguments.extend(ports::control(setup.numbers.control));
    arguments.extend(devices.arguments);
    arguments.extend([
        "-kernel".into(),
        value::reopened(setup.numbers.kernel).into(),
        "-initrd".into(),
        value::reopened(setup.numbers.initramfs).into(),
        "-readconfig".into(),
        value::reopened(setup.configuration_descriptor).into(),
    ]);
    let configuration = configuration::of_kernel_arguments(&kernel_arguments::build(config, setup))?;
    Ok(CommandLine {
        arguments,
        configuration,
        placement,
    })
}

/// Refuses what this backend has no device for.
fn refuse_what_is_missing(config: &MachineConfig, setup: &Setup) -> Result<(), ConfigError> {
    let unavailable = |what, reason: &str| {
        Err(ConfigError::Unavailable {
            what,
            reason: reason.to_owned(),
        })
    };
    if let Some(share) = config.shares.first() {
        let reason = format!(
            "this version shares no directories with a machine ({})",
            share.path.display()
        );
        return unavailable("a shared directory", &reason);
    }
    if config.translation {
        return unavailable("a translator of foreign programs", "QEMU has none");
    }
    if config.nested_virtualization && setup.accelerator == Accelerator::Tcg {
        return unavailable("nested virtualisation", "the machine's processor is emulated");
    }
    if config.machine_identifier.is_some() {
        return unavailable("a saved machine", "this version saves no machines of QEMU");
    }
    Ok(())
}

/// What QEMU's messages call the files that it was handed, and what they are.
pub(crate) fn file_names(config: &MachineConfig, numbers: &Numbers) -> Vec<(String, String)> {
    let single = [(numbers.kernel, &config.kernel), (numbers.initramfs, &config.initramfs)];
    let loaded = single.map(|(number, path)| (value::reopened(number), path.display().to_string()));
    let disks = config.disks.iter().zip(&numbers.disks);
    let disks = disks.map(|(disk, number)| (value::descriptor_set(*number), disk.path.display().to_string()));
    let mut names: Vec<_> = loaded.into_iter().chain(disks).collect();
    // The longest first: a number is the beginning of others.
    names.sort_by_key(|(of_qemu, _)| std::cmp::Reverse(of_qemu.len()));
    names
}

#[cfg(test)]
mod tests;
