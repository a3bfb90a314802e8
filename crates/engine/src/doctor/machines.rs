//! What machines are made of: the hypervisor with its accelerator, the kernel and the initial RAM file system.

use std::io;
use std::path::Path;

use container_hypervisor::{CreateError, GuestArchitecture, Hypervisor, HypervisorInfo, KernelFormat};

use super::Finding;
use crate::backend::{Host as _, ThisHost};
use crate::{assets, kernel};

/// What emulates the processor.
const EMULATION: &str = "tcg";

pub(super) async fn of(app_root: &Path) -> Vec<Finding> {
    let architecture = GuestArchitecture::host();
    let initramfs = assets::initramfs(app_root, architecture);
    let mut findings = vec![program_file(
        "guest",
        &initramfs,
        std::fs::File::open(&initramfs).map(|_| true),
    )];
    match ThisHost::new(app_root, architecture).detect().await {
        Ok(backend) => findings.extend(of_backend(app_root, &backend)),
        Err(error) => findings.push(no_hypervisor(&error)),
    }
    findings
}

fn of_backend(app_root: &Path, backend: &dyn Hypervisor) -> [Finding; 3] {
    let info = backend.info();
    let kernel = kernel::set_by_user(app_root, info.architecture.oci_name()).unwrap_or_else(|| backend.kernel());
    let is_kernel = KernelFormat::read(&kernel).map(|format| format.is_some());
    [
        Finding::good("hypervisor", format!("{}; {}", info.name, info.confinement)),
        accelerator(info),
        program_file("kernel", &kernel, is_kernel),
    ]
}

fn no_hypervisor(error: &CreateError) -> Finding {
    Finding {
        remedy: error.hint().map(str::to_owned),
        ..Finding::bad("hypervisor", error.to_string())
    }
}

fn accelerator(info: &HypervisorInfo) -> Finding {
    const SUBJECT: &str = "accelerator";
    let detail = format!("{}: {}", info.accelerator, info.reason);
    if info.accelerator != EMULATION {
        return Finding::good(SUBJECT, detail);
    }
    Finding {
        remedy: info.acceleration_hint.clone(),
        ..Finding::poor(SUBJECT, format!("{detail}; this makes containers several times slower"))
    }
}

/// A file that comes with the program; `usable` is whether it is what it should be.
fn program_file(subject: &'static str, path: &Path, usable: io::Result<bool>) -> Finding {
    let bad = |reason: &str| {
        Finding::bad(subject, format!("{}: {reason}", path.display()))
            .with_remedy("install the program again, or let CONTAINER_INSTALL_ROOT name where it is")
    };
    match usable {
        Ok(true) => Finding::good(subject, path.display().to_string()),
        Ok(false) => bad("this is no kernel that machines can boot"),
        Err(error) => bad(&error.to_string()),
    }
}
