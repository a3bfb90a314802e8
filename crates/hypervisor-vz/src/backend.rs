//! The backend: what was found out about the host, and machines made accordingly.

use std::path::PathBuf;

use async_trait::async_trait;
use container_hypervisor::{
    CreateError, GuestArchitecture, Hypervisor, HypervisorInfo, Machine, MachineConfig, find_kernel,
};

use crate::failure::FRAMEWORK;
use crate::limits;
use crate::machine::VzMachine;
use crate::plan::{Plan, checks};
use crate::queue::VmQueue;
use crate::{VzOptions, rosetta, support};

/// A machine has so many processors at most unless the user asks for more: each further one makes its start longer.
const DEFAULT_VCPU_MAX: usize = 4;

/// Virtualization.framework on this host.
#[derive(Debug, Clone)]
pub struct VzHypervisor {
    info: HypervisorInfo,
    options: VzOptions,
}

impl VzHypervisor {
    /// Asks the framework whether this host has machines and this program may use them.
    ///
    /// # Errors
    /// [`CreateError::NotSupported`], [`CreateError::NotEntitled`], each with a hint; [`CreateError::Refused`] when the framework fails
    /// otherwise.
    pub async fn detect(options: VzOptions) -> Result<Self, CreateError> {
        // A queue for the sake of what it does to each job; no machine is made.
        let examined = VmQueue::new("container detection", ()).run(|()| examine()).await;
        let info = examined.map_err(|failure| failure.of_configuration())??;
        Ok(Self { info, options })
    }

    /// What it was made with.
    #[must_use]
    pub fn options(&self) -> &VzOptions {
        &self.options
    }
}

fn examine() -> Result<HypervisorInfo, CreateError> {
    support::check()?;
    let name = match support::system() {
        Some(system) => format!("{FRAMEWORK} of {system}"),
        None => FRAMEWORK.to_owned(),
    };
    let limits = limits::limits();
    let default_vcpu_count = std::thread::available_parallelism().map_or(1, |count| count.get().min(DEFAULT_VCPU_MAX));
    Ok(HypervisorInfo {
        name,
        accelerator: "virtualization-framework".to_owned(),
        reason: "the system says that it can".to_owned(),
        confinement: "each machine runs in a process of the system, in the sandbox that macOS gives it".to_owned(),
        default_vcpu_count: u32::try_from(default_vcpu_count)
            .unwrap_or(1)
            .clamp(*limits.vcpu_count.start(), *limits.vcpu_count.end()),
        limits,
        architecture: GuestArchitecture::host(),
        translation: rosetta::translation(),
        nested_virtualization: support::nested_virtualization(),
        // The framework keeps what a balloon has taken from the guest.
        gives_memory_back: false,
        boot_hint: Some(
            "a kernel that this framework cannot boot leaves an empty log; CONTAINER_BACKEND=qemu runs the container in QEMU".to_owned(),
        ),
        acceleration_hint: None,
        template_identity: None,
        templates_with_shares: false,
    })
}

/// Names of the kernels that the framework boots.
fn kernel_names(architecture: GuestArchitecture) -> [String; 1] {
    let machine = architecture.machine_name();
    match architecture {
        GuestArchitecture::Arm64 => [format!("vmlinux-{machine}")],
        GuestArchitecture::Amd64 => [format!("bzImage-{machine}")],
    }
}

#[async_trait]
impl Hypervisor for VzHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        find_kernel(&self.options.asset_directories, &kernel_names(self.info.architecture))
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        checks::check(&config, &self.info)?;
        let plan = Plan::new(config, self.info.architecture)?;
        Ok(Machine::new(VzMachine::create(plan).await?))
    }
}
