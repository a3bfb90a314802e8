//! The backend: what was found out about the host, and machines made accordingly.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{CreateError, DiskAccess, Hypervisor, HypervisorInfo, Machine, MachineConfig, MachineExit};

use crate::channels::{self, SocketPair};
use crate::command_line::{self, DISK_SLOTS, Setup};
use crate::host::{kernel, kvm, probe, program, record::HostRecord, tsc};
use crate::machine::{Attached, Launch, QemuMachine};
use crate::{Accelerator, QemuOptions, fallback};

/// QEMU on this host.
#[derive(Debug, Clone)]
pub struct QemuHypervisor {
    info: HypervisorInfo,
    program: PathBuf,
    accelerator: Accelerator,
    tsc_khz: Option<u64>,
    options: QemuOptions,
}

impl QemuHypervisor {
    /// Finds QEMU and decides how it accelerates.
    ///
    /// What that takes is done once per boot of the host and remembered in the state directory: asking QEMU for its
    /// version, running a trial guest on KVM (at most two seconds), measuring the time-stamp counter. Afterwards it
    /// is a few system calls.
    ///
    /// # Errors
    /// [`CreateError::ProgramMissing`], or [`CreateError::File`] when the program does not run.
    pub async fn detect(options: QemuOptions) -> Result<Self, CreateError> {
        let path = match &options.program {
            Some(path) => path.clone(),
            None => program::find(&std::env::var_os("PATH").unwrap_or_default())?,
        };
        let identity = program::ProgramIdentity::of(path.clone())?;
        let remembered = HostRecord::load(&options.state_directory, &identity);
        let mut record = match remembered.clone() {
            Some(record) => record,
            None => HostRecord::new(identity, program::version(&path).await?),
        };
        let (accelerator, reason) = match options.accelerator {
            Some(accelerator) => (accelerator, "it was asked for".to_owned()),
            None => choose(&path, &mut record).await,
        };
        if accelerator == Accelerator::Tcg && record.tsc_khz.is_none() {
            record.tsc_khz = tokio::task::spawn_blocking(tsc::measure_khz).await.ok().flatten();
        }
        if remembered.as_ref() != Some(&record) {
            record.save(&options.state_directory);
        }
        let info = HypervisorInfo {
            name: record.program_version,
            accelerator: accelerator.to_string(),
            reason,
            default_vcpu_count: accelerator.default_vcpu_count(),
            disk_slots: DISK_SLOTS,
            architecture: if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" }.to_owned(),
        };
        Ok(Self {
            info,
            program: path,
            accelerator,
            tsc_khz: record.tsc_khz,
            options,
        })
    }

    pub(crate) fn options(&self) -> &QemuOptions {
        &self.options
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    pub(crate) fn accelerator(&self) -> Accelerator {
        self.accelerator
    }
}

/// KVM where it works, with the reason for the choice.
async fn choose(program: &Path, record: &mut HostRecord) -> (Accelerator, String) {
    let device = match kvm::open_device() {
        Ok(device) => device,
        Err(reason) => return (Accelerator::Tcg, reason),
    };
    let verdict = match record.kvm.take().filter(|verdict| verdict.is_of(&device)) {
        Some(verdict) => verdict,
        None => {
            let (usable, reason) = probe::run(program).await;
            kvm::KvmVerdict::new(device, usable, reason)
        }
    };
    let accelerator = if verdict.usable {
        Accelerator::Kvm
    } else {
        Accelerator::Tcg
    };
    let reason = verdict.reason.clone();
    record.kvm = Some(verdict);
    (accelerator, reason)
}

#[async_trait]
impl Hypervisor for QemuHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        kernel::find(&self.options.asset_directories, self.accelerator)
    }

    async fn create(&self, config: MachineConfig) -> Result<Box<dyn Machine>, CreateError> {
        config.validate(DISK_SLOTS)?;
        check_files(&config)?;
        let host_error = |what| move |source| CreateError::Host { what, source };
        let (agent, agent_end, agent_socket) = channels::agent().map_err(host_error("agent channel"))?;
        let control = SocketPair::new().map_err(host_error("control channel"))?;
        let setup = Setup {
            accelerator: self.accelerator,
            emulated_kernel: kernel::is_emulated_variant(&config.kernel),
            tsc_khz: self.tsc_khz,
            agent,
            control_descriptor: control.theirs.as_raw_fd(),
        };
        let line = command_line::build(&config, &setup)?;
        let inherited = agent_socket.into_iter().chain([control.theirs]).collect();
        let launch = Launch {
            program: self.program.clone(),
            arguments: line.arguments,
            inherited,
        };
        let attached = Attached {
            agent: agent_end,
            control: control.ours,
            disk_count: config.disks.len(),
            controller: line.placement.controller,
        };
        Ok(Box::new(QemuMachine::new(launch, attached)))
    }

    async fn fallback(&self, exit: &MachineExit) -> Option<Box<dyn Hypervisor>> {
        fallback::after(self, exit)
            .await
            .map(|other| Box::new(other) as Box<dyn Hypervisor>)
    }
}

/// Opens everything that QEMU will open: its own messages would name neither the purpose nor the remedy.
fn check_files(config: &MachineConfig) -> Result<(), CreateError> {
    let check =
        |what, path: &Path, options: &std::fs::OpenOptions| match options.open(path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_dir() => Err(CreateError::File {
                what,
                path: path.to_owned(),
                source: std::io::ErrorKind::IsADirectory.into(),
            }),
            Ok(_) => Ok(()),
            Err(source) => Err(CreateError::File {
                what,
                path: path.to_owned(),
                source,
            }),
        };
    check("kernel", &config.kernel, File::options().read(true))?;
    check("initial RAM file system", &config.initramfs, File::options().read(true))?;
    check(
        "console log",
        &config.console_log,
        File::options().append(true).create(true),
    )?;
    config.disks.iter().try_for_each(|disk| match disk.access {
        DiskAccess::ReadOnly => check("layer disk", &disk.path, File::options().read(true)),
        DiskAccess::ReadWrite => check("writable disk", &disk.path, File::options().read(true).write(true)),
    })
}
