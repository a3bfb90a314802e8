//! `cargo xtask setup`: from a fresh clone to an install tree that runs.

mod macos;

use crate::architecture::{Architecture, Image, Variant};
use crate::backend::Backend;
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
pub(crate) struct Arguments {
    #[command(flatten)]
    guests: Guests,
    /// What is to run the machines. On macOS QEMU is installed for `qemu`.
    #[arg(long, value_enum, default_value_t)]
    backend: Backend,
}

/// The guests to set up.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Guests {
    /// Architecture of guests; may be given several times.
    #[arg(long = "arch", value_enum, value_name = "ARCH", default_values_t = [Architecture::host()])]
    pub(crate) architectures: Vec<Architecture>,
    /// Kernels to build for them instead of those that this host runs; may be given several times.
    #[arg(long = "variant", value_enum, value_name = "VARIANT")]
    pub(crate) variants: Vec<Variant>,
    /// Adds the x86_64 kernel of Intel Macs.
    #[arg(long)]
    pub(crate) bzimage: bool,
}

impl Guests {
    /// Guests of these architectures with the kernels that this host runs.
    pub(crate) fn of(architectures: &[Architecture]) -> Self {
        Self {
            architectures: architectures.to_vec(),
            variants: Vec::new(),
            bzimage: false,
        }
    }
}

/// What `setup` is to do.
pub(crate) struct Plan {
    pub(crate) guests: Guests,
    pub(crate) backend: Backend,
    /// How the program is compiled.
    pub(crate) profile: Profile,
}

/// Installs what is missing and builds everything, with the time of each step at the end.
///
/// # Errors
/// When a package cannot be installed or a build fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let steps = Steps::default();
    let plan = Plan {
        guests: arguments.guests.clone(),
        backend: arguments.backend,
        profile: Profile::Quick,
    };
    build_all(&steps, &plan)?;
    steps.report();
    say(format_args!("ready: {}", install_tree::program().display()));
    Ok(())
}

/// The work of `setup`, with the steps timed by the caller's `steps`.
///
/// # Errors
/// As for [`run`].
pub(crate) fn build_all(steps: &Steps, plan: &Plan) -> Result<()> {
    if cfg!(target_os = "macos") {
        return macos::build_all(steps, plan);
    }
    let guests = &plan.guests;
    // Both keep at most one processor busy for a part of the time (downloads, unpacking, linking), which the other one can use.
    let (kernels_built, programs_built) = thread::scope(|scope| {
        let kernels_built = scope.spawn(|| {
            let packages = debian::for_setup(&guests.architectures);
            steps.run("packages", || debian::install(&packages))?;
            build_kernels(steps, guests)
        });
        let programs_built = build_programs(steps, plan);
        (kernels_built.join(), programs_built)
    });
    programs_built?;
    kernels_built.ok().context("the kernels' thread panicked")??;
    let host = Architecture::host();
    if !guests.variants.is_empty() || !guests.architectures.contains(&host) {
        return Ok(());
    }
    if hardware_virtualisation() {
        build_kernel(steps, Request::for_setup(host, Variant::Standard))?;
    } else {
        say("no usable /dev/kvm: machines run under emulation (CONTAINER_ACCEL overrides)");
    }
    Ok(())
}

/// The kernels asked for, else the one for emulation, which every host can run.
fn build_kernels(steps: &Steps, guests: &Guests) -> Result<()> {
    let variants = match &guests.variants[..] {
        [] => &[Variant::Emulated],
        asked_for => asked_for,
    };
    for architecture in &guests.architectures {
        for variant in variants {
            build_kernel(steps, Request::for_setup(*architecture, *variant))?;
        }
    }
    if guests.bzimage {
        let request = Request::for_setup(Architecture::X86_64, Variant::Standard);
        build_kernel(steps, request.with_image(Image::BzImage))?;
    }
    Ok(())
}

fn build_kernel(steps: &Steps, request: Request) -> Result<()> {
    let name = request.image.file_name(request.architecture, request.variant);
    steps.run(&name, || kernel::build(&request)).map(drop)
}

/// Every guest's initramfs and the program.
fn build_programs(steps: &Steps, plan: &Plan) -> Result<()> {
    for architecture in &plan.guests.architectures {
        let name = format!("the {} guest", architecture.name());
        steps.run(&name, || guest::build(*architecture))?;
    }
    steps.run("the container binary", || install_tree::build_program(plan.profile))?;
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
