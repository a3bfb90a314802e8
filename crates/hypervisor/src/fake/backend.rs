//! The backend.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::guest::Guest;
use super::machine::FakeMachine;
use super::template;
use crate::{
    ConfigError, CreateError, GuestArchitecture, GuestMemory, Hypervisor, HypervisorInfo, Machine, MachineConfig,
    MachineLimits, Translation,
};

/// Limits like those of QEMU's backend, so that a test meets the same.
const LIMITS: MachineLimits = MachineLimits {
    disk_slots: 250,
    frame_ports: 4,
    memory_bytes: MachineConfig::MINIMUM_MEMORY_BYTES..=u64::MAX,
    vcpu_count: 1..=255,
};

/// Makes machines that are tasks. Clones share the count of machines.
#[derive(Debug, Clone)]
pub struct FakeHypervisor {
    info: HypervisorInfo,
    guest: Guest,
    created: Arc<AtomicUsize>,
    restored: Arc<AtomicUsize>,
    restore_refusal: Option<String>,
}

impl FakeHypervisor {
    /// A backend all of whose machines run `guest`.
    #[must_use]
    pub fn new(guest: Guest) -> Self {
        let info = HypervisorInfo {
            name: "fake".to_owned(),
            accelerator: "none".to_owned(),
            reason: "a test asked for it".to_owned(),
            confinement: "none".to_owned(),
            default_vcpu_count: 1,
            limits: LIMITS,
            architecture: GuestArchitecture::host(),
            translation: Translation::Unavailable,
            nested_virtualization: false,
            gives_memory_back: false,
            boot_hint: None,
            acceleration_hint: None,
            template_identity: None,
            templates_with_shares: false,
        };
        Self {
            info,
            guest,
            created: Arc::default(),
            restored: Arc::default(),
            restore_refusal: None,
        }
    }

    /// The same with another number of disk slots.
    #[must_use]
    pub fn with_disk_slots(mut self, disk_slots: usize) -> Self {
        self.info.limits.disk_slots = disk_slots;
        self
    }

    /// The same, but its machines can be saved as templates and restored, where `identity` is the same.
    #[must_use]
    pub fn with_templates(mut self, identity: impl Into<String>) -> Self {
        self.info.template_identity = Some(identity.into());
        self
    }

    /// The same, but those with shared directories can be as well.
    #[must_use]
    pub fn with_shares_in_templates(mut self) -> Self {
        self.info.templates_with_shares = true;
        self
    }

    /// The same, but no machine can be restored, for this reason.
    #[must_use]
    pub fn refusing_to_restore(mut self, reason: impl Into<String>) -> Self {
        self.restore_refusal = Some(reason.into());
        self
    }

    /// How many of the machines that were made continue a template, whether or not that succeeded.
    #[must_use]
    pub fn restored_count(&self) -> usize {
        self.restored.load(Ordering::Relaxed)
    }

    /// How many machines were made.
    #[must_use]
    pub fn created_count(&self) -> usize {
        self.created.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Hypervisor for FakeHypervisor {
    fn info(&self) -> &HypervisorInfo {
        &self.info
    }

    fn kernel(&self) -> PathBuf {
        PathBuf::from("/dev/null")
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        config.validate(&self.info.limits)?;
        self.prepare(&config)?;
        self.created.fetch_add(1, Ordering::Relaxed);
        let refusal = self.restore_refusal.clone();
        Ok(Machine::new(FakeMachine::new(self.guest.clone(), config, refusal)))
    }
}

impl FakeHypervisor {
    /// Makes and looks for the files of a machine that is a template or continues one.
    fn prepare(&self, config: &MachineConfig) -> Result<(), CreateError> {
        let memory = &config.memory;
        let is_available = match config.has_shares_device() {
            true => self.info.templates_with_shares,
            false => self.info.template_identity.is_some(),
        };
        if *memory != GuestMemory::Own && !is_available {
            return Err(CreateError::Config(ConfigError::Unavailable {
                what: "a template",
                reason: "the test did not ask for them".to_owned(),
            }));
        }
        let (what, path, opened) = match memory {
            GuestMemory::Own => return Ok(()),
            GuestMemory::Template { path, .. } => ("template's memory", path, template::new_file(path)),
            GuestMemory::Restored { memory, .. } => {
                self.restored.fetch_add(1, Ordering::Relaxed);
                ("template's memory", memory, std::fs::File::open(memory))
            }
        };
        let path = path.clone();
        match opened {
            Ok(_) => Ok(()),
            Err(source) => Err(CreateError::File { what, path, source }),
        }
    }
}
