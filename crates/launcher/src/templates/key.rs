//! What a template depends on.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use container_agent_api::v1::CreateContainerRequest;
use container_agent_api::{AGENT_TOKEN_KEY, PROTOCOL_VERSION};
use container_durable::FileIdentity;
use container_hypervisor::{Disk, DiskAccess, FramePort, GuestMemory, MachineConfig};
use container_state::RootDiskFormat;
use container_templates::TemplateKey;
use prost::Message as _;

use super::content::{BlankDisk, Content};

/// The key of the template with this content that a machine of this description continues from: everything that its memory depends on. `backend` is what the
/// backend says of itself and the host's processor.
///
/// # Errors
/// The file that cannot be looked at.
pub(super) fn template_key(
    backend: &str,
    machine: &MachineConfig,
    content: &Content,
) -> Result<TemplateKey, (PathBuf, io::Error)> {
    // Field by field, so that one that is added is forgotten by nobody.
    let MachineConfig {
        name: _,
        kernel,
        initramfs,
        kernel_arguments,
        vcpu_count,
        memory_bytes,
        disks,
        frame_ports,
        shares,
        share_changes: _,
        translation,
        nested_virtualization,
        machine_identifier: _,
        console: _,
        balloon,
        memory,
    } = machine;
    let _: &GuestMemory = memory;
    let mut lines = vec![
        ("program", env!("CARGO_PKG_VERSION").to_owned()),
        ("protocol", PROTOCOL_VERSION.to_string()),
        ("backend", backend.to_owned()),
        ("kernel", file_identity(kernel)?),
        ("initramfs", file_identity(initramfs)?),
        ("vcpu_count", vcpu_count.to_string()),
        ("memory_bytes", memory_bytes.to_string()),
        ("frame_ports", ports_identity(frame_ports)),
        ("kernel_arguments", arguments_identity(kernel_arguments)),
        // What they are is known to the file server alone.
        ("has_shares", (!shares.is_empty()).to_string()),
        ("abilities", format!("{translation} {nested_virtualization} {balloon}")),
    ];
    match content {
        Content::Container { request, root_disk } => {
            let RootDiskFormat {
                size_bytes,
                has_journal,
                made: _,
            } = root_disk;
            lines.extend([
                ("disks", disks_identity(disks)?),
                ("root_disk", format!("{size_bytes} {has_journal}")),
                ("request", request_identity(request)),
            ]);
        }
        Content::Machine { disks } => lines.push(("blank_disks", blank_disks_identity(disks))),
    }
    Ok(TemplateKey::of(&lines))
}

/// A file as it is now. Whoever writes to it or replaces it changes that.
fn file_identity(path: &Path) -> Result<String, (PathBuf, io::Error)> {
    let metadata = std::fs::metadata(path).map_err(|source| (path.to_owned(), source))?;
    Ok(FileIdentity::of(&metadata).to_string())
}

/// The disks in their order. Those that are written are the container's own: a copy of the template's, by their format.
fn disks_identity(disks: &[Disk]) -> Result<String, (PathBuf, io::Error)> {
    let mut text = String::new();
    for disk in disks {
        let identity = match disk.access {
            DiskAccess::ReadOnly => file_identity(&disk.path)?,
            DiskAccess::ReadWrite => format!("writable {:?}", disk.flush),
        };
        let _ = write!(text, "{}: {identity}; ", disk.serial);
    }
    Ok(text)
}

/// The disks in their order, of which the guest has seen nothing but this.
fn blank_disks_identity(disks: &[BlankDisk]) -> String {
    let disks = disks.iter().map(|disk| {
        let BlankDisk {
            serial,
            access,
            length_bytes,
        } = disk;
        format!("{serial}: {access:?} {length_bytes}; ")
    });
    disks.collect()
}

/// What the kernel is told, without the token, which each machine has its own of.
fn arguments_identity(arguments: &[String]) -> String {
    let token = format!("{AGENT_TOKEN_KEY}=");
    let own = arguments.iter().filter(|argument| !argument.starts_with(&token));
    own.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn ports_identity(ports: &[FramePort]) -> String {
    let ports = ports
        .iter()
        .map(|port| format!("{} {}", port.mac_address, port.mtu_bytes));
    ports.collect::<Vec<_>>().join(", ")
}

/// The request, in an order that is always the same: that of a map is not.
fn request_identity(request: &CreateContainerRequest) -> String {
    let mut sysctls: Vec<_> = request.sysctls.iter().collect();
    sysctls.sort();
    let others = CreateContainerRequest {
        sysctls: Default::default(),
        ..request.clone()
    };
    let mut text = format!("{sysctls:?} ");
    for byte in others.encode_to_vec() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_hypervisor::DiskSerial;

    fn blank(serial: &str, access: DiskAccess, length_bytes: u64) -> BlankDisk {
        BlankDisk {
            serial: DiskSerial::new(serial).unwrap(),
            access,
            length_bytes,
        }
    }

    #[test]
    fn what_the_guest_s_kernel_sees_of_a_disk_is_in_the_key() {
        let layer = || blank("layer-0", DiskAccess::ReadOnly, 4096);
        let own = || blank("rootfs", DiskAccess::ReadWrite, 8192);
        let machine = |disks: &[BlankDisk]| blank_disks_identity(disks);
        assert_eq!(machine(&[layer(), own()]), machine(&[layer(), own()]));
        for other in [
            vec![own(), layer()],
            vec![layer()],
            vec![layer(), blank("rootfs", DiskAccess::ReadWrite, 8193)],
            vec![layer(), blank("rootfs", DiskAccess::ReadOnly, 8192)],
            vec![layer(), blank("volume-0", DiskAccess::ReadWrite, 8192)],
        ] {
            assert_ne!(machine(&[layer(), own()]), machine(&other), "{other:?}");
        }
    }

    #[test]
    fn words_for_the_kernel_are_in_the_key_and_the_token_is_not() {
        let identity =
            |words: &[&str]| arguments_identity(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let (one, other) = (format!("{AGENT_TOKEN_KEY}=07"), format!("{AGENT_TOKEN_KEY}=08"));
        assert_eq!(identity(&[&one]), identity(&[&other]));
        assert_ne!(identity(&["mitigations=off", &one]), identity(&[&one]));
        assert_ne!(identity(&["a=1", "a=2"]), identity(&["a=2", "a=1"]));
    }
}
