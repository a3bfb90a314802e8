//! An accelerator that failed a real guest although the trial guest had run.

use container_hypervisor::MachineExit;

use crate::host::blame::{Blame, blame};
use crate::host::findings::{HardwareFindings, HardwareIdentity, now_unix_s};
use crate::host::program::ProgramIdentity;
use crate::host::record::HostRecord;
use crate::host::system;
use crate::{Accelerator, QemuHypervisor, QemuOptions};

impl QemuHypervisor {
    /// Why another try under emulation makes sense after a machine ended like `exit` before its agent had answered. `None` when the end
    /// has nothing to do with what uses the host's processor (KVM, Hypervisor.framework), or the user insisted on it. What that explains
    /// itself is remembered and counts in the choice of the next starts.
    #[must_use]
    pub fn hardware_failure(&self, exit: &MachineExit) -> Option<String> {
        let MachineExit::Failed { reason } = exit else {
            return None;
        };
        if self.accelerator() == Accelerator::Tcg || self.options().accelerator.is_some() {
            return None;
        }
        match blame(reason) {
            Blame::Other => return None,
            Blame::Circumstances => {}
            Blame::Accelerator => {
                if let Ok(hardware) = system::open_hardware() {
                    remember(self, reason, hardware);
                }
            }
        }
        let label = self.accelerator().label();
        Some(format!("{label} failed in the boot of this machine: {reason}"))
    }
}

fn remember(hypervisor: &QemuHypervisor, reason: &str, hardware: HardwareIdentity) {
    let QemuOptions {
        state_directory,
        architecture,
        ..
    } = hypervisor.options();
    let Ok(identity) = ProgramIdentity::of(hypervisor.program().to_owned()) else {
        return;
    };
    let Some(mut record) = HostRecord::load(state_directory, *architecture, &identity) else {
        return;
    };
    let findings = record.hardware.take().filter(|findings| findings.are_of(&hardware));
    let mut findings = findings.unwrap_or_else(|| HardwareFindings::new(hardware));
    findings.failed(format!("in the boot of a machine, {reason}"), now_unix_s());
    record.hardware = Some(findings);
    record.save(state_directory, *architecture);
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use container_hypervisor::{GuestArchitecture, Hypervisor as _};

    use super::*;

    const KVM_ERROR: &str = "QEMU ended by signal 9: KVM internal error. Suberror: 1";

    /// A backend with this accelerator and a script in QEMU's place. `asked_for` is what the user insists on.
    async fn backend(root: &Path, accelerator: Accelerator, asked_for: Option<Accelerator>) -> QemuHypervisor {
        let program = root.join("qemu");
        if !program.exists() {
            std::fs::write(&program, "#!/bin/sh\necho 'QEMU emulator version 9.9.9'\n").unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let options = QemuOptions {
            accelerator: asked_for,
            program: Some(program),
            ..QemuOptions::new(GuestArchitecture::host(), Vec::new(), root.to_owned())
        };
        let forced = Some((accelerator, "a test says so".to_owned()));
        QemuHypervisor::find(options, forced).await.unwrap()
    }

    fn failed(reason: &str) -> MachineExit {
        MachineExit::Failed {
            reason: reason.to_owned(),
        }
    }

    #[tokio::test]
    async fn kvm_is_at_fault_only_where_it_was_used_and_chosen_and_is_named() {
        let root = tempfile::tempdir().unwrap();
        let on_kvm = backend(root.path(), Accelerator::Kvm, None).await;
        let busy = "QEMU exited with 1: ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy";
        for reason in [KVM_ERROR, busy] {
            let why = on_kvm.hardware_failure(&failed(reason)).unwrap();
            assert_eq!(why, format!("KVM failed in the boot of this machine: {reason}"));
        }
        for exit in [
            MachineExit::PowerOff,
            MachineExit::Killed,
            failed("QEMU ended by signal 9"),
        ] {
            assert_eq!(on_kvm.hardware_failure(&exit), None, "{exit:?}");
        }
        let why = "KVM failed".to_owned();
        let emulated = QemuHypervisor::emulated(on_kvm.options().clone(), why).await.unwrap();
        let info = emulated.info();
        assert_eq!((info.accelerator.as_str(), info.reason.as_str()), ("tcg", "KVM failed"));
        assert_eq!(emulated.hardware_failure(&failed(KVM_ERROR)), None);
        let insisted = backend(root.path(), Accelerator::Kvm, Some(Accelerator::Kvm)).await;
        assert_eq!(insisted.hardware_failure(&failed(KVM_ERROR)), None);
    }

    #[tokio::test]
    async fn the_second_failure_of_real_machines_turns_kvm_off() {
        let root = tempfile::tempdir().unwrap();
        let hypervisor = backend(root.path(), Accelerator::Kvm, None).await;
        let device = || HardwareIdentity::of(Some(&File::open("/dev/null").unwrap())).unwrap();
        let verdict = || {
            let identity = ProgramIdentity::of(hypervisor.program().to_owned()).unwrap();
            let record = HostRecord::load(root.path(), GuestArchitecture::host(), &identity).unwrap();
            let findings = record.hardware.unwrap();
            assert!(findings.are_of(&device()));
            findings.verdict("KVM", now_unix_s())
        };
        remember(&hypervisor, KVM_ERROR, device());
        assert_eq!(verdict(), None);
        remember(&hypervisor, KVM_ERROR, device());
        let verdict = verdict().unwrap();
        assert!(
            verdict.contains("in the boot of a machine, QEMU ended by signal 9"),
            "{verdict}"
        );
    }
}
