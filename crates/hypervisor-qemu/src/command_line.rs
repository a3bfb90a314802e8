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

use container_hypervisor::{ConfigError, GuestArchitecture, GuestMemory, MachineConfig};

use crate::Accelerator;
use devices::Devices;
pub(crate) use disks::{DiskPlacement, LIMITS, disk_node, hot_plug};
pub(crate) use ports::AGENT;
pub(crate) use setup::{AgentChannel, LoadedFile, Mapping, MemoryFile, Numbers, Setup};
pub(crate) use value::MEMORY_AS_INPUT;

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
    // Field by field, so that one that is added is forgotten by nobody. The files are known by their numbers, the shared directories
    // to the file server.
    let MachineConfig {
        name,
        kernel: _,
        initramfs: _,
        kernel_arguments,
        vcpu_count,
        memory_bytes,
        memory,
        disks,
        frame_ports,
        shares: _,
        share_changes: _,
        translation,
        nested_virtualization,
        machine_identifier,
        console: _,
        balloon,
    } = config;
    refuse_what_is_missing(*translation, machine_identifier.as_deref())?;
    if *nested_virtualization && !offers_nested(setup.accelerator, setup.architecture) {
        let reason = "QEMU offers it only with KVM, on x86-64";
        return Err(unavailable("nested virtualisation", reason));
    }
    let numbers = &setup.numbers;
    let mut devices = Devices::new(setup.devices);
    ports::console(numbers.console, setup.devices, &mut devices);
    ports::agent(&setup.agent, &mut devices);
    ports::entropy(setup.accelerator, setup.devices, &mut devices);
    ports::frames(frame_ports, &numbers.frame_ports, &mut devices);
    ports::shares(numbers.shares, &mut devices);
    ports::balloon(*balloon, &mut devices);
    let slot_count = board::slot_count(setup);
    let free = slot_count.checked_sub(devices.slot_count).ok_or_else(|| {
        unavailable(
            "another network interface",
            &format!("the machine has {slot_count} slots for devices"),
        )
    })?;
    let placement = DiskPlacement::plan(disks.len(), free)?;
    disks::attach(disks, &numbers.disks, placement, &mut devices);

    let mut arguments: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        .map(Into::into)
        .into();
    if setup.sandbox {
        arguments.extend(["-sandbox", SANDBOX].map(Into::into));
    }
    let mut guest = OsString::from("guest=");
    guest.push(value::escaped(name.as_ref()));
    arguments.extend(["-name".into(), guest]);
    arguments.extend(board::arguments(
        *vcpu_count,
        *memory_bytes,
        *nested_virtualization,
        setup,
    ));
    arguments.extend(ports::control(numbers.control));
    arguments.extend(devices.arguments);
    arguments.extend([
        "-kernel".into(),
        numbers.kernel.name(),
        "-initrd".into(),
        numbers.initramfs.name(),
        "-readconfig".into(),
        value::reopened(setup.configuration_descriptor).into(),
    ]);
    if let GuestMemory::Restored { .. } = memory {
        // It is told where the state comes from when the control channel is there.
        arguments.extend(["-incoming", "defer"].map(Into::into));
    }
    let kernel_arguments = kernel_arguments::build(kernel_arguments, setup);
    Ok(CommandLine {
        arguments,
        configuration: configuration::of_kernel_arguments(&kernel_arguments)?,
        placement,
    })
}

/// Refuses what this backend has no device for.
fn refuse_what_is_missing(translation: bool, machine_identifier: Option<&[u8]>) -> Result<(), ConfigError> {
    if translation {
        return Err(unavailable("a translator of foreign programs", "QEMU has none"));
    }
    if machine_identifier.is_some() {
        return Err(unavailable("a saved machine", "this version saves no machines of QEMU"));
    }
    Ok(())
}

/// Whether machines can run machines of their own. On Arm it takes newer processors and kernels than there are hosts with.
pub(crate) fn offers_nested(accelerator: Accelerator, architecture: GuestArchitecture) -> bool {
    accelerator == Accelerator::Kvm && architecture == GuestArchitecture::Amd64
}

fn unavailable(what: &'static str, reason: &str) -> ConfigError {
    ConfigError::Unavailable {
        what,
        reason: reason.to_owned(),
    }
}

/// What QEMU's messages call the files that it was handed, and what they are.
pub(crate) fn file_names(config: &MachineConfig, numbers: &Numbers) -> Vec<(String, String)> {
    let single = [
        (&numbers.kernel, &config.kernel),
        (&numbers.initramfs, &config.initramfs),
    ];
    let loaded = single.into_iter().filter_map(|(file, path)| match file {
        LoadedFile::Descriptor(number) => Some((value::reopened(*number), path.display().to_string())),
        LoadedFile::Path(_) => None,
    });
    let disks = config.disks.iter().zip(&numbers.disks);
    let disks = disks.map(|(disk, number)| (value::descriptor_set(*number), disk.path.display().to_string()));
    let mut names: Vec<_> = loaded.chain(disks).collect();
    // The longest first: a number is the beginning of others.
    names.sort_by_key(|(of_qemu, _)| std::cmp::Reverse(of_qemu.len()));
    names
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
