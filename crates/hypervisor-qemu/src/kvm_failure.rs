//! KVM that failed a real guest although the trial guest had run.

use container_hypervisor::MachineExit;

use crate::host::blame::{Blame, blame};
use crate::host::kvm::{self, KvmFindings};
use crate::host::program::ProgramIdentity;
use crate::host::record::HostRecord;
use crate::{Accelerator, QemuHypervisor};

impl QemuHypervisor {
    /// Why another try under emulation makes sense after a machine ended like `exit` before its agent had answered: KVM failed, and
    /// nobody insisted on it. `None` when the end has nothing to do with KVM. What KVM itself explains is remembered and counts in the
    /// choice of the next starts.
    #[must_use]
    pub fn kvm_failure(&self, exit: &MachineExit) -> Option<String> {
        let MachineExit::Failed { reason } = exit else {
            return None;
        };
        if self.accelerator() != Accelerator::Kvm || self.options().accelerator.is_some() {
            return None;
        }
        match blame(reason) {
            Blame::Nobody => return None,
            Blame::Circumstances => {}
            Blame::Kvm => remember(self, reason),
        }
        Some(format!("KVM failed in the boot of this machine: {reason}"))
    }
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
