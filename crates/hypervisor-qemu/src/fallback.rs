//! Emulation after KVM has failed a real guest that the trial guest did not foresee.

use container_hypervisor::MachineExit;

use crate::host::blame::{Blame, blame};
use crate::host::kvm::{self, KvmFindings};
use crate::host::program::ProgramIdentity;
use crate::host::record::HostRecord;
use crate::{Accelerator, QemuHypervisor};

/// The same host under emulation, for this one start, if `exit` has to do with KVM and nobody insisted on it. What KVM
/// itself explains is remembered and counts in the choice of the next starts.
pub(crate) async fn after(hypervisor: &QemuHypervisor, exit: &MachineExit) -> Option<QemuHypervisor> {
    let MachineExit::Failed { reason } = exit else {
        return None;
    };
    let chosen = hypervisor.accelerator() == Accelerator::Kvm && hypervisor.options().accelerator.is_none();
    if !chosen {
        return None;
    }
    match blame(reason) {
        Blame::Nobody => return None,
        Blame::Circumstances => {}
        Blame::Kvm => remember(hypervisor, reason),
    }
    let why = format!("KVM failed in the boot of this machine: {reason}");
    QemuHypervisor::emulated(hypervisor.options().clone(), why).await.ok()
}

fn remember(hypervisor: &QemuHypervisor, reason: &str) {
    let state_directory = &hypervisor.options().state_directory;
    let Ok(identity) = ProgramIdentity::of(hypervisor.program().to_owned()) else {
        return;
    };
    let (Some(mut record), Ok(device)) = (HostRecord::load(state_directory, &identity), kvm::open_device()) else {
        return;
    };
    let findings = record.kvm.take().filter(|findings| findings.are_of(&device));
    let mut findings = findings.unwrap_or_else(|| KvmFindings::new(device));
    findings.failed(format!("in the boot of a machine, {reason}"), kvm::now_unix_s());
    record.kvm = Some(findings);
    record.save(state_directory);
}
