//! What is checked before the framework sees a machine: its own errors name neither the file nor the remedy.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use container_hypervisor::{
    ConfigError, CreateError, Disk, DiskAccess, GuestArchitecture, GuestMemory, HypervisorInfo, KernelFormat,
    MachineConfig, SharedDirectory, Translation,
};

/// Unit of a disk image's size, bytes: the framework takes no other image (`VZDiskImageStorageDeviceAttachment`).
const SECTOR_BYTES: u64 = 512;

/// Checks all that can be known before the framework is asked: limits, abilities and files.
///
/// # Errors
/// [`CreateError::Config`] or [`CreateError::File`], for the first thing that does not hold.
pub fn check(config: &MachineConfig, info: &HypervisorInfo) -> Result<(), CreateError> {
    config.validate(&info.limits)?;
    abilities(config, info)?;
    kernel(&config.kernel, info.architecture)?;
    plain_file("initial RAM file system", &config.initramfs, File::options().read(true))?;
    config.disks.iter().try_for_each(disk)?;
    config.shares.iter().try_for_each(shared_directory)
}

fn abilities(config: &MachineConfig, info: &HypervisorInfo) -> Result<(), ConfigError> {
    let unavailable = |what, reason: &str| {
        let reason = reason.to_owned();
        Err(ConfigError::Unavailable { what, reason })
    };
    if config.nested_virtualization && !info.nested_virtualization {
        return unavailable(
            "a machine that runs machines",
            "it takes macOS 15 and an M3 processor or a newer one",
        );
    }
    if config.memory != GuestMemory::Own {
        return unavailable(
            "a template",
            "Virtualization.framework restores a machine with its own identifier, and one at a time",
        );
    }
    match info.translation {
        _ if !config.translation => Ok(()),
        Translation::Installed => Ok(()),
        Translation::NotInstalled => unavailable(
            "Rosetta",
            "it is not installed; install it with `softwareupdate --install-rosetta --agree-to-license`",
        ),
        Translation::Unavailable => unavailable("Rosetta", "it is a part of macOS on Apple silicon"),
    }
}

/// A kernel of the one kind that the framework boots.
fn kernel(path: &Path, architecture: GuestArchitecture) -> Result<(), CreateError> {
    let what = "kernel";
    plain_file(what, path, File::options().read(true))?;
    let format = KernelFormat::read(path).map_err(failed(what, path))?;
    let (wanted, name) = match architecture {
        GuestArchitecture::Arm64 => (
            KernelFormat::Arm64Image,
            "an uncompressed arm64 `Image`; a compressed one (`Image.gz`, `vmlinuz`) has to be unpacked first",
        ),
        GuestArchitecture::Amd64 => (KernelFormat::BzImage, "a `bzImage` for x86-64"),
    };
    if format == Some(wanted) {
        return Ok(());
    }
    let found = match format {
        Some(KernelFormat::Arm64Image) => "this is one for arm64",
        Some(KernelFormat::BzImage) => "this is a `bzImage` for x86-64",
        Some(KernelFormat::Elf) => "this is an ELF file",
        None => "this is something else",
    };
    let message = format!("Virtualization.framework boots {name}; {found}");
    Err(failed(what, path)(io::Error::new(io::ErrorKind::InvalidData, message)))
}

fn disk(disk: &Disk) -> Result<(), CreateError> {
    let file = match disk.access {
        DiskAccess::ReadOnly => plain_file("layer disk", &disk.path, File::options().read(true)),
        DiskAccess::ReadWrite => plain_file("writable disk", &disk.path, File::options().read(true).write(true)),
    }?;
    let size_bytes = file.metadata().map_err(failed("disk", &disk.path))?.len();
    if size_bytes == 0 || !size_bytes.is_multiple_of(SECTOR_BYTES) {
        let message = format!("its size of {size_bytes} bytes is no multiple of {SECTOR_BYTES}");
        let source = io::Error::new(io::ErrorKind::InvalidData, message);
        return Err(failed("disk", &disk.path)(source));
    }
    Ok(())
}

fn shared_directory(share: &SharedDirectory) -> Result<(), CreateError> {
    let what = "shared directory";
    let metadata = std::fs::metadata(&share.path).map_err(failed(what, &share.path))?;
    if metadata.is_dir() {
        Ok(())
    } else {
        Err(failed(what, &share.path)(io::ErrorKind::NotADirectory.into()))
    }
}

/// Opens the file with the rights that the machine has.
fn plain_file(what: &'static str, path: &Path, options: &OpenOptions) -> Result<File, CreateError> {
    // First, because opening a named pipe waits for its other end.
    let metadata = std::fs::metadata(path).map_err(failed(what, path))?;
    if metadata.is_dir() {
        return Err(failed(what, path)(io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file");
        return Err(failed(what, path)(source));
    }
    options.open(path).map_err(failed(what, path))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CreateError {
    let path = path.to_owned();
    move |source| CreateError::File { what, path, source }
}

#[cfg(test)]
mod tests;
