//! The files of a machine, opened here and handed to QEMU as descriptors.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use container_hypervisor::{CreateError, Disk, DiskAccess, MachineConfig, SharedDescriptor};

use crate::command_line::{LoadedFile, Numbers};
use crate::host::system;
use crate::memory::{MemoryCopy, OpenMemory};

/// The open files of one machine.
#[derive(Debug)]
pub(crate) struct Handed {
    kernel: OwnedFd,
    initramfs: OwnedFd,
    console: OwnedFd,
    disks: Vec<OwnedFd>,
    frame_ports: Vec<OwnedFd>,
    memory: Option<OpenMemory>,
    /// Size of the largest disk that may be written, bytes; `None` without one, or where it is no plain file.
    pub(crate) writable_bytes: Option<u64>,
}

impl Handed {
    /// Opens everything that `config` names, with no more rights than the machine has: QEMU's own messages would name
    /// neither the purpose nor the remedy. `maps_readable` is whether QEMU maps for itself what it may only read.
    pub(crate) fn open(config: &MachineConfig, maps_readable: bool) -> Result<Self, CreateError> {
        let reading = |what, path| open(what, path, File::options().read(true)).map(OwnedFd::from);
        let mut writable_bytes = None;
        let mut disks = Vec::with_capacity(config.disks.len());
        for disk in &config.disks {
            let file = open_disk(disk)?;
            if disk.access == DiskAccess::ReadWrite {
                writable_bytes = writable_bytes.max(plain_size(&file));
            }
            disks.push(file.into());
        }
        let duplicate = |what, descriptor: &SharedDescriptor| {
            let duplicated = descriptor.duplicate();
            duplicated.map_err(|source| CreateError::Host { what, source })
        };
        let frame_ports = config.frame_ports.iter();
        let frame_ports = frame_ports.map(|port| duplicate("network interface", &port.socket));
        Ok(Self {
            kernel: reading("kernel", &config.kernel)?,
            initramfs: reading("initial RAM file system", &config.initramfs)?,
            console: duplicate("console", &config.console)?,
            disks,
            frame_ports: frame_ports.collect::<Result<_, _>>()?,
            // The last one: it may make a file.
            memory: OpenMemory::open(
                &config.memory,
                config.memory_bytes,
                maps_readable && !config.has_shares_device(),
            )?,
            writable_bytes,
        })
    }

    /// The files' numbers in QEMU, which are those here; `control` is the control channel's, `shares` that of the
    /// file server's. `config` is what they were opened for.
    pub(crate) fn numbers(&self, config: &MachineConfig, control: i32, shares: Option<i32>) -> Numbers {
        let all = |descriptors: &[OwnedFd]| descriptors.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
        Numbers {
            kernel: loaded_file(&self.kernel, &config.kernel),
            initramfs: loaded_file(&self.initramfs, &config.initramfs),
            console: self.console.as_raw_fd(),
            control,
            shares,
            disks: all(&self.disks),
            frame_ports: all(&self.frame_ports),
            memory: self.memory.as_ref().map(OpenMemory::argument),
        }
    }

    /// Has QEMU get memory that it may only read as its standard input.
    pub(crate) fn hand_memory_as_input(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.hand_as_input();
        }
    }

    /// QEMU's standard input, if that is its memory.
    pub(crate) fn take_input(&mut self) -> Option<OwnedFd> {
        let memory = self.memory.take_if(|memory| memory.is_input());
        memory.map(OpenMemory::into_descriptor)
    }

    /// What has to be done with the memory before the machine is loaded.
    pub(crate) fn take_memory_copy(&mut self) -> Option<MemoryCopy> {
        self.memory.as_mut().and_then(OpenMemory::take_copy)
    }

    /// Those that QEMU opens once more by number, for reading.
    pub(crate) fn reopened(&self) -> Vec<BorrowedFd<'_>> {
        let memory = self.memory.iter().filter_map(OpenMemory::reread);
        [self.kernel.as_fd(), self.initramfs.as_fd()]
            .into_iter()
            .chain(memory)
            .collect()
    }

    /// Those that QEMU opens once more by number, for reading and writing.
    pub(crate) fn rewritten(&self) -> Vec<BorrowedFd<'_>> {
        self.memory.iter().filter_map(OpenMemory::rewritten).collect()
    }

    /// All of them.
    pub(crate) fn into_descriptors(self) -> Vec<OwnedFd> {
        let single = [self.kernel, self.initramfs, self.console];
        let memory = self.memory.map(OpenMemory::into_descriptor);
        single
            .into_iter()
            .chain(self.disks)
            .chain(self.frame_ports)
            .chain(memory)
            .collect()
    }
}

/// How QEMU's loader opens an open file.
fn loaded_file(file: &OwnedFd, path: &Path) -> LoadedFile {
    if system::LOADS_BY_NAME {
        LoadedFile::Path(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    } else {
        LoadedFile::Descriptor(file.as_raw_fd())
    }
}

/// Opens a disk with the rights that the guest has.
pub(crate) fn open_disk(disk: &Disk) -> Result<File, CreateError> {
    match disk.access {
        DiskAccess::ReadOnly => open("layer disk", &disk.path, File::options().read(true)),
        DiskAccess::ReadWrite => open("writable disk", &disk.path, File::options().read(true).write(true)),
    }
}

/// The size of a plain file, bytes.
pub(crate) fn plain_size(file: &File) -> Option<u64> {
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn open(what: &'static str, path: &Path, options: &OpenOptions) -> Result<File, CreateError> {
    let file = options.open(path).map_err(failed(what, path))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(failed(what, path)(io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(file),
        Err(source) => Err(failed(what, path)(source)),
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CreateError {
    let path: PathBuf = path.to_owned();
    move |source| CreateError::File { what, path, source }
}
