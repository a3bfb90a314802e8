//! The backend: what was found out about the host, and machines made accordingly.

use std::io::Write as _;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_hypervisor::{
    ConfigError, CreateError, GuestArchitecture, GuestMemory, Hypervisor, HypervisorInfo, Machine, MachineConfig,
    Translation, find_kernel,
};

use crate::channels::{self, SocketPair};
use crate::command_line::{self, LIMITS, Setup};
use crate::confinement::{self, Confinement, Limits, Openable, Reach};
use crate::control::Control;
use crate::file_server;
use crate::handed::Handed;
use crate::host::findings::{HardwareFindings, now_unix_s};
use crate::host::identity::{Made, template_identity};
use crate::host::probe::{self, Trial};
use crate::host::{kernel, program, record::HostRecord, system, tsc};
use crate::machine::{Attached, Launch, QemuMachine};
use crate::options::ACCELERATOR_VARIABLE;
use crate::restoring::SavedState;
use crate::{Accelerator, QemuOptions};

/// QEMU on this host.
#[derive(Debug, Clone)]
pub struct QemuHypervisor {
    info: HypervisorInfo,
    program: PathBuf,
    accelerator: Accelerator,
    tsc_khz: Option<u64>,
    reach: Reach,
    /// Whether this QEMU maps for itself what it may only read.
    maps_readable: bool,
    /// Whether this QEMU gives back what is freed of memory that it may only read.
    gives_readable_back: bool,
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
        let architecture = options.architecture;
        let asked_for = options.accelerator;
        let chosen = match forced {
            Some(forced) => Some(forced),
            None => without_trial(architecture, asked_for)?,
        };
        let path = match &options.program {
            Some(path) => path.clone(),
            None => program::find(architecture, &std::env::var_os("PATH").unwrap_or_default())?,
        };
        let identity = program::ProgramIdentity::of(path.clone())?;
        let remembered = HostRecord::load(&options.state_directory, architecture, &identity);
        let mut record = match remembered.clone() {
            Some(record) => record,
            None => HostRecord::new(identity, program::examine(&path).await?),
        };
        let (accelerator, reason) = match chosen {
            Some(chosen) => chosen,
            None => choose(&path, &mut record, &options.state_directory).await,
        };
        if accelerator == Accelerator::Tcg && tsc::is_the_guest_s(architecture) && record.tsc_khz.is_none() {
            record.tsc_khz = tokio::task::spawn_blocking(tsc::measure_khz).await.ok().flatten();
        }
        if remembered.as_ref() != Some(&record) {
            record.save(&options.state_directory, architecture);
        }
        let made = Made {
            architecture,
            accelerator,
            devices: options.devices,
            has_vsock: channels::has_vsock(),
        };
        let template_identity = template_identity(&record, made);
        let maps_readable = program::maps_readable(&record.program_version);
        let saves_file_servers = program::saves_file_servers(&record.program_version);
        let info = HypervisorInfo {
            name: record.program_version,
            accelerator: accelerator.to_string(),
            reason,
            confinement: confinement::describe(record.landlock_abi, &record.reach),
            default_vcpu_count: accelerator.default_vcpu_count(),
            limits: LIMITS,
            architecture,
            translation: Translation::Unavailable,
            nested_virtualization: command_line::offers_nested(accelerator, architecture),
            // A copy of a template's memory is given back as any file is.
            gives_memory_back: system::FREES_WHAT_IS_DISCARDED && (record.gives_readable_back || !maps_readable),
            boot_hint: accelerator.boot_hint(),
            acceleration_hint: acceleration_hint(architecture, accelerator, asked_for),
            templates_with_shares: template_identity.is_some() && saves_file_servers && options.file_server.is_some(),
            template_identity,
        };
        Ok(Self {
            info,
            program: path,
            accelerator,
            tsc_khz: record.tsc_khz,
            reach: record.reach,
            maps_readable,
            gives_readable_back: record.gives_readable_back,
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

    fn refuse_what_is_not_saved(&self, config: &MachineConfig) -> Result<(), ConfigError> {
        let reason = if config.memory == GuestMemory::Own {
            return Ok(());
        } else if self.info.template_identity.is_none() {
            "machines are saved on Linux hosts only"
        } else if config.has_shares_device() && !self.info.templates_with_shares {
            "machines with shared directories are saved by QEMU 8.2 and later, and with a file server"
        } else {
            return Ok(());
        };
        Err(ConfigError::Unavailable {
            what: "a template",
            reason: reason.to_owned(),
        })
    }
}

/// The accelerator that is known without a look at the host, with the reason; `None` where the host decides.
fn without_trial(
    architecture: GuestArchitecture,
    asked_for: Option<Accelerator>,
) -> Result<Option<(Accelerator, String)>, CreateError> {
    let host = GuestArchitecture::host();
    match asked_for {
        Some(hardware @ (Accelerator::Kvm | Accelerator::Hvf)) if architecture != host => {
            Err(CreateError::NotSupported {
                hypervisor: hardware.label(),
                reason: format!("{architecture} guests are emulated on an {host} host"),
                hint: format!("unset {ACCELERATOR_VARIABLE}, or set it to tcg, or use an image for linux/{host}"),
            })
        }
        Some(accelerator) => Ok(Some((accelerator, "it was asked for".to_owned()))),
        None if architecture != host => {
            let reason = format!("{architecture} guests are emulated on an {host} host");
            Ok(Some((Accelerator::Tcg, reason)))
        }
        None => Ok(None),
    }
}

/// How guests that are emulated would get the host's processor.
fn acceleration_hint(
    architecture: GuestArchitecture,
    chosen: Accelerator,
    asked_for: Option<Accelerator>,
) -> Option<String> {
    let host = GuestArchitecture::host();
    match (chosen, asked_for) {
        (Accelerator::Kvm | Accelerator::Hvf, _) => None,
        (Accelerator::Tcg, _) if architecture != host => Some(format!("use an image for linux/{host}")),
        (Accelerator::Tcg, Some(_)) => Some(format!(
            "unset {ACCELERATOR_VARIABLE}: the accelerator is chosen by itself then"
        )),
        (Accelerator::Tcg, None) => system::open_hardware().err().and_then(|none| none.hint),
    }
}

/// What uses the host's processor where that works, with the reason for the choice.
async fn choose(program: &Path, record: &mut HostRecord, state_directory: &Path) -> (Accelerator, String) {
    let hardware = match system::open_hardware() {
        Ok(hardware) => hardware,
        Err(none) => return (Accelerator::Tcg, none.reason),
    };
    let now = now_unix_s();
    let remembered = record.hardware.take().filter(|findings| findings.are_of(&hardware));
    let mut findings = remembered.unwrap_or_else(|| HardwareFindings::new(hardware));
    findings.forget_before(now);
    let choice = match (findings.verdict(system::HARDWARE.label(), now), findings.trial.clone()) {
        (Some(verdict), _) => (Accelerator::Tcg, verdict),
        (None, Some(passed)) => (system::HARDWARE, passed),
        (None, None) => {
            let trial = probe::run(program, &record.reach, state_directory).await;
            weigh(trial, &mut findings, now)
        }
    };
    record.hardware = Some(findings);
    choice
}

/// The choice after a trial, and what is remembered of it.
fn weigh(trial: Trial, findings: &mut HardwareFindings, now_unix_s: u64) -> (Accelerator, String) {
    match trial {
        Trial::Passed(reason) => {
            findings.trial = Some(reason.clone());
            (system::HARDWARE, reason)
        }
        Trial::Failed(reason) => {
            findings.failed(reason.clone(), now_unix_s);
            let verdict = findings.verdict(system::HARDWARE.label(), now_unix_s);
            let once = || format!("{reason}; it is tried once more at the next start");
            (Accelerator::Tcg, verdict.unwrap_or_else(once))
        }
        Trial::Accident(reason) => {
            let label = system::HARDWARE.label();
            let reason = format!("{reason}; this says nothing about {label}, which is tried again at the next start");
            (Accelerator::Tcg, reason)
        }
    }
}

/// What a machine is to be loaded with, and QEMU's end of the way there.
fn saved_state(memory: &GuestMemory) -> Result<Option<(SavedState, OwnedFd)>, CreateError> {
    let GuestMemory::Restored { state, .. } = memory else {
        return Ok(None);
    };
    let (theirs, ours) = std::io::pipe().map_err(|source| CreateError::Host {
        what: "way to the saved state",
        source,
    })?;
    let theirs = OwnedFd::from(theirs);
    let saved = SavedState::open(state, ours.into(), theirs.as_raw_fd())?;
    Ok(Some((saved, theirs)))
}

#[async_trait]
impl Hypervisor for QemuHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        find_kernel(
            &self.options.asset_directories,
            &kernel::names(self.options.architecture, self.accelerator, self.options.devices),
        )
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        config.validate(&self.info.limits)?;
        self.refuse_what_is_not_saved(&config)?;
        let is_template = matches!(config.memory, GuestMemory::Template { .. });
        let host_error = |what| move |source| CreateError::Host { what, source };
        let (saved, state) = match saved_state(&config.memory)? {
            Some((saved, qemus_end)) => (Some(saved), Some(qemus_end)),
            None => (None, None),
        };
        let mut handed = Handed::open(&config, self.maps_readable)?;
        if self.gives_readable_back {
            handed.hand_memory_as_input();
        }
        let saved = saved.map(|saved| saved.with_memory(handed.take_memory_copy()));
        let (agent, agent_end, agent_theirs) = channels::agent(is_template).map_err(host_error("agent channel"))?;
        let control = SocketPair::new().map_err(host_error("control channel"))?;
        let (file_server, shares) = match file_server::prepare(&config, &self.options)? {
            Some((server, qemus_end)) => (Some(server), Some(qemus_end)),
            None => (None, None),
        };
        let (configuration, mut writer) = std::io::pipe().map_err(host_error("configuration"))?;
        let configuration = OwnedFd::from(configuration);
        let setup = Setup {
            host: GuestArchitecture::host(),
            architecture: self.options.architecture,
            devices: self.options.devices,
            accelerator: self.accelerator,
            sandbox: confinement::QEMU_HAS_SANDBOX,
            emulated_kernel: kernel::is_emulated_variant(&config.kernel),
            tsc_khz: self.tsc_khz,
            agent,
            numbers: handed.numbers(
                &config,
                control.theirs.as_raw_fd(),
                shares.as_ref().map(AsRawFd::as_raw_fd),
            ),
            configuration_descriptor: configuration.as_raw_fd(),
        };
        let line = command_line::build(&config, &setup)?;
        // Less than a pipe holds, so that this does not wait for QEMU to read it.
        writer
            .write_all(line.configuration.as_bytes())
            .map_err(host_error("configuration"))?;
        drop(writer);
        let hardware_devices = system::HARDWARE_DEVICES.map(Path::new);
        let openable = Openable {
            reopened: &handed.reopened(),
            rewritten: &handed.rewritten(),
            devices: match self.accelerator {
                Accelerator::Kvm | Accelerator::Hvf => &hardware_devices,
                Accelerator::Tcg => &[],
            },
        };
        // The memory of a machine with shared directories is a file as well.
        let memory_bytes = shares.is_some().then_some(config.memory_bytes);
        let limits = Limits::of_qemu(handed.writable_bytes.map(|bytes| bytes.max(memory_bytes.unwrap_or(0))));
        let confinement = Confinement::prepare(&self.reach, &openable, limits);
        let mut confinement = confinement.map_err(host_error("confinement of QEMU"))?;
        let input = handed.take_input();
        if input.is_some() {
            confinement = confinement.with_memory_as_input();
        }
        let attached = Attached {
            agent: agent_end,
            control: Control::new(control.ours, &config.disks),
            controller: line.placement.controller,
            file_size_bytes: handed.writable_bytes,
            is_template,
        };
        let launch = Launch {
            program: self.program.clone(),
            arguments: line.arguments,
            confinement,
            input,
            file_server,
            saved,
            file_names: command_line::file_names(&config, &setup.numbers),
            inherited: handed
                .into_descriptors()
                .into_iter()
                .chain([control.theirs, configuration])
                .chain(agent_theirs)
                .chain(shares)
                .chain(state)
                .collect(),
        };
        Ok(Machine::new(QemuMachine::new(launch, attached)))
    }
}
