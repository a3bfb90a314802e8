//! `cargo xtask setup`: from a fresh clone to an install tree that runs.

use crate::architecture::{Architecture, Variant};
use crate::install_tree::Profile;
use crate::kernel::{self, Request};
use crate::progress::{Steps, say};
use crate::{debian, guest, install_tree, process};
use anyhow::{Context, Result};
use std::fs::File;
use std::process::Command;
use std::thread;

/// Options of `cargo xtask setup`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Installs what is missing and builds everything, with the time of each step at the end.
///
/// # Errors
/// When a package cannot be installed or a build fails.
pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    build_all(&steps, Profile::Quick)?;
    steps.report();
    say(format_args!("ready: {}", install_tree::program().display()));
    Ok(())
}

/// The work of `setup`, with the program compiled in `profile` and the steps timed by the caller's `steps`.
///
/// # Errors
/// As for [`run`].
pub(crate) fn build_all(steps: &Steps, profile: Profile) -> Result<()> {
    if cfg!(target_os = "macos") {
        return build_for_macos(steps, profile);
    }
    let architecture = Architecture::host();
    let kernel = |variant| kernel::build(&Request::for_setup(architecture, variant));
    // Both keep at most one processor busy for a part of the time (downloads, unpacking, linking), which the other one can use.
    let (kernel_built, programs_built) = thread::scope(|scope| {
        let kernel_built = scope.spawn(|| {
            steps.run("packages", || debian::install(&debian::for_setup()))?;
            steps.run("the kernel for emulation", || kernel(Variant::Emulated))
        });
        let programs_built = steps
            .run("the guest", || guest::build(architecture))
            .and_then(|_| steps.run("the container binary", || install_tree::build_program(profile)));
        (kernel_built.join(), programs_built)
    });
    programs_built?;
    kernel_built.ok().context("the kernel's thread panicked")??;
    if hardware_virtualisation() {
        steps.run("the kernel for hardware virtualisation", || kernel(Variant::Standard))?;
    } else {
        say("no usable /dev/kvm: machines run under emulation (CONTAINER_ACCEL overrides)");
    }
    Ok(())
}

/// The parts that exist for macOS: the command line, without a machine to run.
fn build_for_macos(steps: &Steps, profile: Profile) -> Result<()> {
    steps.run("the container binary", || install_tree::build_program(profile))?;
    say(
        "built on macOS: the command line and its image commands. Not yet supported: running containers; the Virtualization.framework",
    );
    say("backend and a kernel for it are still to come");
    Ok(())
}

/// Does this host run a stock kernel under KVM? That the device can be opened does not prove it under nested virtualisation, so the built
/// program is asked, which boots a trial guest.
fn hardware_virtualisation() -> bool {
    if File::options().read(true).write(true).open("/dev/kvm").is_err() {
        return false;
    }
    let status = process::output(Command::new(install_tree::program()).args(["system", "status", "--format", "json"]));
    let Ok(status) = status.map_err(|error| say(format_args!("cannot ask for the accelerator: {error:#}"))) else {
        return false;
    };
    accelerator(&status).is_some_and(|name| name == "kvm")
}

/// The accelerator named in the JSON form of `container system status`.
pub(crate) fn accelerator(status: &str) -> Option<String> {
    let status: serde_json::Value = serde_json::from_str(status).ok()?;
    let status = if status.is_array() {
        status.get(0)?.clone()
    } else {
        status
    };
    Some(status.get("accelerator")?.as_str()?.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accelerator_is_read_from_the_status() {
        assert_eq!(
            accelerator(r#"{"status":"running","accelerator":"kvm"}"#).as_deref(),
            Some("kvm")
        );
        assert_eq!(accelerator(r#"[{"accelerator":"TCG"}]"#).as_deref(), Some("tcg"));
        assert_eq!(accelerator("{}"), None);
        assert_eq!(accelerator("no json"), None);
    }
}
