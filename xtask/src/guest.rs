//! `cargo xtask guest`: vminitd as a static binary, alone in an initramfs.
//!
//! rustup's musl target is preferred, which needs only rustup's own linker. Where it is not available, the host's glibc is linked statically,
//! which works for the host's architecture only.

mod cpio;

use crate::architecture::Architecture;
use crate::progress::say;
use crate::{install_tree, process, workspace};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Largest allowed vminitd, and initramfs: every start loads it into guest memory.
const SIZE_LIMIT_BYTES: usize = 4 << 20;

/// Options of `cargo xtask guest`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Architecture of the guest.
    #[arg(long, value_enum, default_value_t = Architecture::host())]
    arch: Architecture,
}

/// Builds the initramfs and prints its path.
///
/// # Errors
/// See [`build`].
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    println!("{}", build(arguments.arch)?.display());
    Ok(())
}

/// Builds vminitd and the initramfs, puts the latter into the install tree and returns its path.
///
/// # Errors
/// When there is no standard library for the target, the build fails, or the result is larger than it may be.
pub(crate) fn build(architecture: Architecture) -> Result<PathBuf> {
    let program = static_program(architecture, "container-vminitd", "vminitd")?;
    let vminitd = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    let archive = cpio::initramfs(&vminitd)?;
    say(format_args!(
        "vminitd {} bytes, initramfs {} bytes",
        vminitd.len(),
        archive.len()
    ));
    if archive.len() > SIZE_LIMIT_BYTES {
        bail!(
            "the initramfs has {} bytes; at most {SIZE_LIMIT_BYTES} are allowed",
            archive.len()
        );
    }
    let name = format!("initramfs-{}.cpio", architecture.name());
    let built = workspace::target_directory().join(&name);
    fs::write(&built, archive).with_context(|| format!("cannot write {}", built.display()))?;
    install_tree::place(&built, &install_tree::share_directory().join(name))
}

/// An initramfs that has `init` as its only program.
///
/// # Errors
/// When it is larger than the format allows.
pub(crate) fn initramfs(init: &[u8]) -> Result<Vec<u8>> {
    cpio::initramfs(init)
}

/// Builds the program `name` of `package` for guests, static and as small as it gets.
///
/// # Errors
/// When there is no standard library for the target, or the build fails.
pub(crate) fn static_program(architecture: Architecture, package: &str, name: &str) -> Result<PathBuf> {
    let musl = format!("{}-unknown-linux-musl", architecture.name());
    let gnu = format!("{}-unknown-linux-gnu", architecture.name());
    let mut cargo = Command::new(workspace::cargo());
    cargo
        .args([
            "build",
            "--locked",
            "--package",
            package,
            "--bin",
            name,
            "--profile",
            "guest",
            "--target",
        ])
        .current_dir(workspace::root());
    let target = if ensure_std(&musl) {
        musl
    } else if architecture == Architecture::host() && cfg!(target_os = "linux") && has_std(&gnu) {
        say(format_args!(
            "no Rust standard library for {musl}: linking glibc statically instead"
        ));
        let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", gnu.to_uppercase().replace('-', "_"));
        cargo.env(variable, "-Ctarget-feature=+crt-static");
        gnu
    } else {
        bail!("no Rust standard library for {musl}; run: rustup target add {musl}");
    };
    process::run(cargo.arg(&target))?;
    Ok(workspace::target_directory().join(target).join("guest").join(name))
}

/// Makes sure that the standard library for `target` is installed, by rustup if there is one.
pub(crate) fn ensure_std(target: &str) -> bool {
    if has_std(target) {
        return true;
    }
    // rustup's cargo sets this variable. With a distribution's cargo, rustup would add the target to another tool chain.
    if env::var_os("RUSTUP_TOOLCHAIN").is_some() {
        say(format_args!("rustup target add {target}"));
        if let Err(error) = process::run(
            Command::new("rustup")
                .args(["target", "add", target])
                .stdout(std::io::stderr()),
        ) {
            say(error);
        }
    }
    has_std(target)
}

fn has_std(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let Ok(directory) = process::output(Command::new(rustc).args(["--print", "target-libdir", "--target", target]))
    else {
        return false;
    };
    fs::read_dir(directory).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    })
}
