//! Emulation after KVM has failed a real guest that the trial guest did not foresee.

use container_hypervisor::MachineExit;

use crate::host::kvm::{self, KvmVerdict};
use crate::host::program::ProgramIdentity;
use crate::host::record::HostRecord;
use crate::{Accelerator, QemuHypervisor, QemuOptions};

/// The same host under emulation, if `exit` speaks against KVM and nobody insisted on it. Remembered until the next
/// boot of the host.
pub(crate) async fn after(hypervisor: &QemuHypervisor, exit: &MachineExit) -> Option<QemuHypervisor> {
    let MachineExit::Failed { reason } = exit else {
        return None;
    };
    let options = hypervisor.options();
    let chosen = hypervisor.accelerator() == Accelerator::Kvm && options.accelerator.is_none();
    if !chosen || !blames_kvm(reason) {
        return None;
    }
    remember(hypervisor, reason);
    let found = QemuHypervisor::detect(options.clone()).await.ok()?;
    if found.accelerator() == Accelerator::Tcg {
        return Some(found);
    }
    // The finding could not be remembered.
    let forced = QemuOptions {
        accelerator: Some(Accelerator::Tcg),
        ..options.clone()
    };
    QemuHypervisor::detect(forced).await.ok()
}

fn remember(hypervisor: &QemuHypervisor, reason: &str) {
    let state_directory = &hypervisor.options().state_directory;
    let Ok(identity) = ProgramIdentity::of(hypervisor.program().to_owned()) else {
        return;
    };
    let (Some(mut record), Ok(device)) = (HostRecord::load(state_directory, &identity), kvm::open_device()) else {
        return;
    };
    record.kvm = Some(KvmVerdict::new(
        device,
        false,
        format!("KVM failed in the boot of a machine: {reason}"),
    ));
    record.save(state_directory);
}

/// A QEMU that was killed from outside, or whose disk was missing, says nothing against KVM.
fn blames_kvm(reason: &str) -> bool {
    reason.to_ascii_lowercase().contains("kvm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_that_name_kvm_speak_against_it() {
        assert!(blames_kvm("QEMU ended by signal 9: KVM internal error. Suberror: 1"));
        assert!(blames_kvm("QEMU ended by signal 6: kvm_buf_set_msrs: Assertion failed"));
        assert!(!blames_kvm("QEMU ended by signal 9"));
    }
}
