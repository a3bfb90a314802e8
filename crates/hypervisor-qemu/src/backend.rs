//! The backend: what was found out about the host, and machines made accordingly.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{CreateError, Hypervisor, HypervisorInfo, Machine, MachineConfig, Translation, find_kernel};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::channels::{self, SocketPair};
use crate::command_line::{self, LIMITS, Setup};
use crate::confinement::{self, Confinement, Limits, Openable, Reach};
use crate::handed::Handed;
use crate::host::kvm::{self, KvmFindings};
use crate::host::probe::{self, Trial};
use crate::host::{kernel, program, record::HostRecord, tsc};
use crate::machine::{Attached, Launch, QemuMachine};
use crate::{Accelerator, QemuOptions};

/// QEMU on this host.
#[derive(Debug, Clone)]
pub struct QemuHypervisor {
    info: HypervisorInfo,
    program: PathBuf,
    accelerator: Accelerator,
    tsc_khz: Option<u64>,
    reach: Reach,
    options: QemuOptions,
}

impl QemuHypervisor {
    /// Finds QEMU and decides how it accelerates.
    ///
    /// What that takes is done once per boot of the host and remembered in the state directory: asking QEMU for its
    /// version and its files, running a trial guest on KVM (at most two seconds; again at the next start when it came to
    /// nothing), measuring the time-stamp counter. Afterwards it is a few system calls.
    ///
    /// # Errors
    /// [`CreateError::ProgramMissing`], or [`CreateError::File`] when the program does not run.
    pub async fn detect(options: QemuOptions) -> Result<Self, CreateError> {
        Self::find(options, None).await
    }

    /// As [`QemuHypervisor::detect`], under emulation, because of `reason`.
    ///
    /// # Errors
    /// As there.
    pub async fn emulated(options: QemuOptions, reason: String) -> Result<Self, CreateError> {
        Self::find(options, Some((Accelerator::Tcg, reason))).await
    }

    pub(crate) async fn find(options: QemuOptions, forced: Option<(Accelerator, String)>) -> Result<Self, CreateError> {
        let path = match &options.program {
            Some(path) => path.clone(),
            None => program::find(options.architecture, &std::env::var_os("PATH").unwrap_or_default())?,
        };
        let identity = program::ProgramIdentity::of(path.clone())?;
        let remembered = HostRecord::load(&options.state_directory, &identity);
        let mut record = match remembered.clone() {
            Some(record) => record,
            None => HostRecord::new(identity, program::examine(&path).await?),
        };
        let (accelerator, reason) = match (forced, options.accelerator) {
            (Some(forced), _) => forced,
            (None, Some(accelerator)) => (accelerator, "it was asked for".to_owned()),
            (None, None) => choose(&path, &mut record).await,
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
            confinement: confinement::describe(record.landlock_abi, &record.reach),
            default_vcpu_count: accelerator.default_vcpu_count(),
            limits: LIMITS,
            architecture: options.architecture,
            translation: Translation::Unavailable,
            nested_virtualization: accelerator == Accelerator::Kvm,
            boot_hint: accelerator.boot_hint(),
        };
        Ok(Self {
            info,
            program: path,
            accelerator,
            tsc_khz: record.tsc_khz,
            reach: record.reach,
            options,
        })
    }

    /// What it was made with.
    #[must_use]
    pub fn options(&self) -> &QemuOptions {
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
    let now = kvm::now_unix_s();
    let remembered = record.kvm.take().filter(|findings| findings.are_of(&device));
    let mut findings = remembered.unwrap_or_else(|| KvmFindings::new(device));
    findings.forget_before(now);
    let choice = match (findings.verdict(now), findings.trial.clone()) {
        (Some(verdict), _) => (Accelerator::Tcg, verdict),
        (None, Some(passed)) => (Accelerator::Kvm, passed),
        (None, None) => weigh(probe::run(program, &record.reach).await, &mut findings, now),
    };
    record.kvm = Some(findings);
    choice
}

/// The choice after a trial, and what is remembered of it.
fn weigh(trial: Trial, findings: &mut KvmFindings, now_unix_s: u64) -> (Accelerator, String) {
    match trial {
        Trial::Passed(reason) => {
            findings.trial = Some(reason.clone());
            (Accelerator::Kvm, reason)
        }
        Trial::Failed(reason) => {
            findings.failed(reason.clone(), now_unix_s);
            let verdict = findings.verdict(now_unix_s);
            let once = || format!("{reason}; it is tried once more at the next start");
            (Accelerator::Tcg, verdict.unwrap_or_else(once))
        }
        Trial::Accident(reason) => {
            let reason = format!("{reason}; this says nothing about KVM, which is tried again at the next start");
            (Accelerator::Tcg, reason)
        }
    }
}

#[async_trait]
impl Hypervisor for QemuHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        find_kernel(
            &self.options.asset_directories,
            &kernel::names(self.options.architecture, self.accelerator),
        )
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        config.validate(&self.info.limits)?;
        let handed = Handed::open(&config)?;
        let host_error = |what| move |source| CreateError::Host { what, source };
        let (agent, agent_end, agent_theirs) = channels::agent().map_err(host_error("agent channel"))?;
        let control = SocketPair::new().map_err(host_error("control channel"))?;
        let (configuration, writer) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|error| host_error("configuration")(error.into()))?;
        let setup = Setup {
            accelerator: self.accelerator,
            emulated_kernel: kernel::is_emulated_variant(&config.kernel),
            tsc_khz: self.tsc_khz,
            agent,
            numbers: handed.numbers(control.theirs.as_raw_fd()),
            configuration_descriptor: configuration.as_raw_fd(),
        };
        let line = command_line::build(&config, &setup)?;
        // Less than a pipe holds, so that this does not wait for QEMU to read it.
        File::from(writer)
            .write_all(line.configuration.as_bytes())
            .map_err(host_error("configuration"))?;
        let devices: &[&Path] = match self.accelerator {
            Accelerator::Kvm => &[Path::new(kvm::DEVICE_PATH)],
            Accelerator::Tcg => &[],
        };
        let openable = Openable {
            reopened: &handed.reopened(),
            devices,
        };
        let limits = Limits {
            file_size_bytes: handed.writable_bytes,
        };
        let confinement =
            Confinement::prepare(&self.reach, &openable, limits).map_err(host_error("confinement of QEMU"))?;
        let attached = Attached {
            agent: agent_end,
            control: control.ours,
            disk_count: config.disks.len(),
            controller: line.placement.controller,
            file_size_bytes: handed.writable_bytes,
        };
        let launch = Launch {
            program: self.program.clone(),
            arguments: line.arguments,
            confinement,
            file_names: command_line::file_names(&config, &setup.numbers),
            inherited: handed
                .into_descriptors()
                .into_iter()
                .chain([agent_theirs, control.theirs, configuration])
                .collect(),
        };
        Ok(Machine::new(QemuMachine::new(launch, attached)))
    }
}
