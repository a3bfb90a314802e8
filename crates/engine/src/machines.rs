//! Where the machines of a launcher come from.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use container_hypervisor::{BootSource, CreateError, GuestArchitecture, Hypervisor as _, MachineExit, MachineSource};
use container_launcher::{MachineChooser, TemplateUse};

use crate::backend::Host;

/// The files that machines of an architecture boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BootFiles {
    /// Kernel image; `None` is the backend's own choice.
    pub(crate) kernel: Option<PathBuf>,
    /// Initial RAM file system.
    pub(crate) initramfs: PathBuf,
}

/// Finds the files for machines of an architecture, which is the backend's to choose where it has programs translated.
type FindFiles = dyn Fn(GuestArchitecture) -> BootFiles + Send + Sync;

/// Finds out whether containers continue from templates.
type FindTemplates = dyn Fn() -> Result<TemplateUse, CreateError> + Send + Sync;

/// Chooses the machines of a launcher: the backend of its host, and another one after that has failed. All of one architecture run the
/// same kernel, unless the choice of the kernel is left to the backend, and the same agent.
pub(crate) struct Machines<H: Host> {
    host: H,
    files: Box<FindFiles>,
    templates: Box<FindTemplates>,
    /// What was chosen last.
    chosen: Mutex<Option<H::Backend>>,
}

impl<H: Host> Machines<H> {
    pub(crate) fn new(
        host: H,
        files: impl Fn(GuestArchitecture) -> BootFiles + Send + Sync + 'static,
        templates: impl Fn() -> Result<TemplateUse, CreateError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            host,
            files: Box::new(files),
            templates: Box::new(templates),
            chosen: Mutex::default(),
        }
    }

    fn source(&self, backend: H::Backend) -> Box<dyn MachineSource> {
        let BootFiles { kernel, initramfs } = (self.files)(backend.info().architecture);
        let source = BootSource::new(Box::new(backend.clone()), kernel, initramfs);
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some(backend);
        Box::new(source)
    }
}

#[async_trait]
impl<H: Host> MachineChooser for Machines<H> {
    async fn choose(&self) -> Result<Box<dyn MachineSource>, CreateError> {
        Ok(self.source(self.host.detect().await?))
    }

    fn templates(&self) -> Result<TemplateUse, CreateError> {
        (self.templates)()
    }

    async fn after(&self, exit: &MachineExit) -> Option<Box<dyn MachineSource>> {
        let failed = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let backend = self.host.after(failed, exit).await?;
        Some(self.source(backend))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use container_hypervisor::fake::{FakeHypervisor, Guest};

    use super::*;

    const FIRST: usize = 1;
    const SECOND: usize = 2;

    /// A host with two backends, told apart by their disk slots. The second one takes the place of the first after KVM has failed.
    struct TwoBackends;

    fn backend(disk_slots: usize) -> FakeHypervisor {
        FakeHypervisor::new(Guest::default()).with_disk_slots(disk_slots)
    }

    #[async_trait]
    impl Host for TwoBackends {
        type Backend = FakeHypervisor;

        async fn detect(&self) -> Result<FakeHypervisor, CreateError> {
            Ok(backend(FIRST))
        }

        async fn after(&self, failed: FakeHypervisor, exit: &MachineExit) -> Option<FakeHypervisor> {
            use container_hypervisor::Hypervisor as _;
            (failed.info().limits.disk_slots == FIRST && *exit == kvm_failed()).then(|| backend(SECOND))
        }
    }

    fn disk_slots(source: &dyn MachineSource) -> usize {
        source.info().limits.disk_slots
    }

    fn kvm_failed() -> MachineExit {
        MachineExit::Failed {
            reason: "KVM internal error".to_owned(),
        }
    }

    fn machines(kernel: Option<&str>) -> Machines<TwoBackends> {
        let files = BootFiles {
            kernel: kernel.map(Into::into),
            initramfs: "/initramfs".into(),
        };
        Machines::new(TwoBackends, move |_| files.clone(), || Ok(TemplateUse::Off))
    }

    #[tokio::test]
    async fn a_backend_that_failed_is_replaced_once_by_one_that_boots_the_same_files() {
        let machines = machines(Some("/kernel"));
        let first = machines.choose().await.unwrap();
        let second = machines.after(&kvm_failed()).await.unwrap();
        assert_eq!(
            (disk_slots(first.as_ref()), disk_slots(second.as_ref())),
            (FIRST, SECOND)
        );
        for source in [first, second] {
            assert_eq!(
                (source.kernel(), source.initramfs()),
                (Path::new("/kernel"), Path::new("/initramfs"))
            );
        }
        assert!(
            machines.after(&kvm_failed()).await.is_none(),
            "the second failed as well"
        );
    }

    #[tokio::test]
    async fn an_end_that_another_backend_would_meet_as_well_is_final() {
        let machines = machines(None);
        assert!(machines.after(&kvm_failed()).await.is_none(), "nothing was chosen yet");
        let source = machines.choose().await.unwrap();
        assert_eq!(source.kernel(), Path::new("/dev/null"), "the backend's own choice");
        assert!(machines.after(&MachineExit::PowerOff).await.is_none());
    }

    #[tokio::test]
    async fn each_run_is_chosen_for_anew() {
        let machines = machines(None);
        machines.choose().await.unwrap();
        machines.after(&kvm_failed()).await.unwrap();
        let next = machines.choose().await.unwrap();
        assert_eq!(disk_slots(next.as_ref()), FIRST);
        assert!(machines.after(&kvm_failed()).await.is_some());
    }
}
