//! `cargo xtask vz-stub`: runs what is written for Virtualization.framework on Linux, against the stand-in in `tests/vz/stub`.
//!
//! Everything lands in `target/vz` of the checkout, wherever cargo's target directory is, because the manifest of `tests/vz` names the copy of the
//! bindings by that path.

mod bindings;

use crate::progress::say;
use crate::{install_tree, process, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The libraries that the bindings link with, all of which the stand-in is.
const LIBRARIES: [&str; 4] = ["objc", "dispatch", "gnustep-base", "BlocksRuntime"];

/// Options of `cargo xtask vz-stub`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check formatting and clippy's lints instead of running the tests.
    #[arg(long, conflicts_with = "arguments")]
    lint: bool,
    /// What to pass on to `cargo test`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the stand-in and runs the tests of `tests/vz` against it.
///
/// # Errors
/// When this is not Linux, the bindings cannot be had, something does not build, or a test fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let stub = Stub::prepare()?;
    if arguments.lint {
        say("checking tests/vz");
        process::run(stub.cargo().args([
            "fmt",
            "--check",
            "--package",
            "container-vz-stub",
            "--package",
            "container-vz-tests",
        ]))?;
        return process::run(
            stub.cargo()
                .args(["clippy", "--quiet", "--locked", "--workspace", "--all-targets"])
                .args(["--", "--deny", "warnings"]),
        );
    }
    stub.build()?;
    say("testing against the stand-in for Virtualization.framework");
    process::run(
        stub.cargo()
            .args(["test", "--quiet", "--locked", "--workspace"])
            .args(&arguments.arguments),
    )
}

/// The stand-in, and how to compile and run against it.
pub(crate) struct Stub {
    /// `target/vz`.
    directory: PathBuf,
}

impl Stub {
    /// Makes what cargo needs to read the manifest of `tests/vz`.
    ///
    /// # Errors
    /// When this is not Linux, or the bindings cannot be had.
    pub(crate) fn prepare() -> Result<Self> {
        if cfg!(not(target_os = "linux")) {
            bail!("the stand-in for Virtualization.framework is for Linux; a Mac has the framework itself");
        }
        let directory = workspace::root().join("target/vz");
        fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        bindings::copy(&workspace::root().join("tests/vz/Cargo.lock"), &directory)?;
        Ok(Self { directory })
    }

    /// Compiles the stand-in, and makes it the libraries that the bindings ask for.
    ///
    /// # Errors
    /// When it does not compile.
    pub(crate) fn build(&self) -> Result<()> {
        say("building the stand-in for Virtualization.framework");
        process::run(
            self.cargo()
                .args(["build", "--quiet", "--locked", "--package", "container-vz-stub"]),
        )?;
        let library = self.library();
        let links = self.library_directory();
        fs::create_dir_all(&links).with_context(|| format!("cannot create {}", links.display()))?;
        for name in LIBRARIES {
            link(&library, &links.join(format!("lib{name}.so")))?;
        }
        Ok(())
    }

    /// Compiles the program `container` with the backend for the framework, and puts it into the install tree at `tree` with the libraries.
    ///
    /// # Errors
    /// When it does not compile, or the tree cannot be written.
    pub(crate) fn install_program(&self, tree: &Path) -> Result<()> {
        say("building the program for the stand-in for Virtualization.framework");
        process::run(
            self.cargo()
                .args(["build", "--quiet", "--locked", "--package", "container-vz-program"]),
        )?;
        install_tree::place(&self.directory.join("debug/container"), &tree.join("bin/container"))?;
        let library = install_tree::place(&self.library(), &tree.join("lib/libcontainer_vz_stub.so"))?;
        for name in LIBRARIES {
            link(&library, &tree.join(format!("lib/lib{name}.so")))?;
        }
        Ok(())
    }

    /// Cargo in `tests/vz`, such that what it compiles is for the stand-in and what it runs finds it.
    fn cargo(&self) -> Command {
        let libraries = self.library_directory();
        let mut cargo = Command::new(workspace::cargo());
        cargo
            .current_dir(workspace::root().join("tests/vz"))
            .env("CARGO_TARGET_DIR", &self.directory)
            .env(
                "RUSTFLAGS",
                format!("--cfg container_vz_stub -L native={}", libraries.display()),
            )
            .env("LD_LIBRARY_PATH", libraries);
        cargo
    }

    /// The stand-in, compiled.
    fn library(&self) -> PathBuf {
        self.directory.join("debug/libcontainer_vz_stub.so")
    }

    fn library_directory(&self) -> PathBuf {
        self.directory.join("lib")
    }
}

/// Makes `link` lead to `target`, whatever it led to before.
fn link(target: &Path, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|current| current == target) {
        return Ok(());
    }
    if fs::symlink_metadata(link).is_ok() {
        fs::remove_file(link).with_context(|| format!("cannot remove {}", link.display()))?;
    }
    symlink(target, link).with_context(|| format!("cannot create {}", link.display()))
}
