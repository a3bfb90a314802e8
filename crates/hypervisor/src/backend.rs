//! What makes machines: a backend, and the source from which one start takes its machine.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::{CreateError, GuestArchitecture, Machine, MachineConfig, MachineLimits, Translation};

/// What a backend says of itself to `container system status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HypervisorInfo {
    /// Program or framework with its version, e.g. `QEMU 7.2.22`.
    pub name: String,
    /// `kvm`, `hvf`, `tcg` or `virtualization-framework`.
    pub accelerator: String,
    /// One line on why this accelerator was chosen.
    pub reason: String,
    /// One line on what keeps the hypervisor's process from the rest of the host.
    pub confinement: String,
    /// Virtual processors of a machine whose user asks for no number: as many as do not slow down its start.
    pub default_vcpu_count: u32,
    /// How large machines can be.
    pub limits: MachineLimits,
    /// Architecture of guests.
    pub architecture: GuestArchitecture,
    /// Whether guests can have programs of the other architecture translated.
    pub translation: Translation,
    /// Whether guests can run machines of their own with the processor's help.
    pub nested_virtualization: bool,
    /// Whether memory that a guest frees goes back to the host, where its machine has a balloon.
    pub gives_memory_back: bool,
    /// What may help when a machine does not come up, e.g. another accelerator.
    pub boot_hint: Option<String>,
    /// How guests would get the help of the host's processor, where they are emulated and a way is known.
    pub acceleration_hint: Option<String>,
    /// All of this host that a saved template depends on, in words: what the hypervisor is and what its machines are made of, and the host's
    /// processor. A template is restored where this is what it was when it was saved; what the machine's configuration says is not in it.
    /// `None` where machines can be neither saved as templates nor restored.
    pub template_identity: Option<String>,
    /// Whether machines with shared directories can continue from templates as well.
    pub templates_with_shares: bool,
}

/// Makes machines that boot. One value serves one launcher.
#[async_trait]
pub trait Hypervisor: Send + Sync {
    /// What it is and how it accelerates.
    fn info(&self) -> &HypervisorInfo;

    /// The kernel image that suits this backend and its accelerator best. Not checked for existence:
    /// [`Hypervisor::create`] does that.
    fn kernel(&self) -> PathBuf;

    /// Prepares a machine without starting it. Refuses a configuration that does not hold, and files that cannot be opened.
    ///
    /// # Errors
    /// [`CreateError`] names the file or setting that cannot be used.
    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError>;
}

/// Where the machines of a container come from: a backend, and the files that a boot takes. The launcher describes a machine, in which
/// [`crate::GuestMemory`] says whether it boots or continues a template, starts it, and speaks to its agent.
#[async_trait]
pub trait MachineSource: Send + Sync {
    /// The backend that runs the machine.
    fn info(&self) -> &HypervisorInfo;

    /// Kernel image that runs in the machine.
    fn kernel(&self) -> &Path;

    /// Initial RAM file system that its agent comes from.
    fn initramfs(&self) -> &Path;

    /// Prepares a machine as described, without starting it.
    ///
    /// # Errors
    /// [`CreateError`] names the file or setting that cannot be used.
    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError>;
}

/// Machines that a backend boots from a kernel and an initial RAM file system.
pub struct BootSource {
    hypervisor: Box<dyn Hypervisor>,
    kernel: PathBuf,
    initramfs: PathBuf,
}

impl BootSource {
    /// Boots `kernel`, or what suits the backend best when that is `None`.
    #[must_use]
    pub fn new(hypervisor: Box<dyn Hypervisor>, kernel: Option<PathBuf>, initramfs: PathBuf) -> Self {
        Self {
            kernel: kernel.unwrap_or_else(|| hypervisor.kernel()),
            hypervisor,
            initramfs,
        }
    }
}

#[async_trait]
impl MachineSource for BootSource {
    fn info(&self) -> &HypervisorInfo {
        self.hypervisor.info()
    }

    fn kernel(&self) -> &Path {
        &self.kernel
    }

    fn initramfs(&self) -> &Path {
        &self.initramfs
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        self.hypervisor.create(config).await
    }
}
