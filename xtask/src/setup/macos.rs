//! The steps on a Mac: guest and program are built here, QEMU comes from Homebrew where it is needed, the kernel from elsewhere.

use super::{Plan, build_programs};
use crate::architecture::Architecture;
use crate::backend::Backend;
use crate::kernel::given;
use crate::progress::{Steps, say};
use crate::{homebrew, install_tree, process, sign};
use anyhow::Result;
use std::process::Command;

/// The work of `setup` on macOS.
///
/// # Errors
/// When a build fails, QEMU is needed and cannot be installed, or there is no kernel.
pub(super) fn build_all(steps: &Steps, plan: &Plan) -> Result<()> {
    build_programs(steps, plan)?;
    // Virtualization.framework refuses a program without a signature.
    steps.run("signing", || sign::program(&install_tree::program(), sign::AD_HOC))?;
    for architecture in &plan.guests.architectures {
        if needs_qemu(*architecture, plan.backend, can_virtualise()) {
            steps.run("QEMU", || homebrew::install("qemu", architecture.qemu()))?;
        } else {
            say("machines run with Virtualization.framework; `--backend qemu` installs QEMU for another way");
        }
    }
    // Last, so that everything else is there when the kernel is not.
    plan.guests
        .architectures
        .iter()
        .try_for_each(|architecture| steps.run("the kernel", || given::place(*architecture)))
}

fn needs_qemu(architecture: Architecture, backend: Backend, can_virtualise: bool) -> bool {
    match backend {
        Backend::Qemu => true,
        Backend::Vz | Backend::VzStub => false,
        Backend::Default => architecture != Architecture::host() || !can_virtualise,
    }
}

/// Can this Mac run machines in hardware? One that is itself a virtual machine mostly cannot.
fn can_virtualise() -> bool {
    let support = process::output(Command::new("sysctl").args(["-n", "kern.hv_support"]));
    support.is_ok_and(|support| support == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qemu_is_for_guests_that_the_framework_does_not_run() {
        let host = Architecture::host();
        let foreign = match host {
            Architecture::X86_64 => Architecture::Aarch64,
            Architecture::Aarch64 => Architecture::X86_64,
        };
        assert!(!needs_qemu(host, Backend::Default, true));
        assert!(needs_qemu(host, Backend::Default, false));
        assert!(needs_qemu(foreign, Backend::Default, true));
        assert!(needs_qemu(host, Backend::Qemu, true));
        assert!(!needs_qemu(host, Backend::Vz, false));
    }
}
