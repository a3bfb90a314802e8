//! `container system kernel set`.

use std::path::PathBuf;

use clap::Args;
use container_engine::Engine;
use container_oci::Platform;

use crate::error::CommandError;
use crate::output;

/// Set the kernel that containers boot from now on
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Kernel image: an ELF vmlinux, or an arm64 Image
    #[arg(long, value_name = "FILE", required_unless_present = "recommended")]
    binary: Option<PathBuf>,

    /// Go back to the kernel that comes with this program
    #[arg(long, conflicts_with = "binary")]
    recommended: bool,

    /// Always refused: a kernel is a file here
    #[arg(long = "tar", value_name = "ARCHIVE", value_parser = archive, hide = true)]
    _tar: Option<String>,

    /// Architecture of the kernel
    #[arg(long, value_name = "ARCHITECTURE")]
    arch: Option<String>,

    /// Replace a kernel of the same name
    #[arg(long)]
    force: bool,
}

/// An archive to take the kernel from, which another program unpacks as well.
fn archive(_: &str) -> Result<String, String> {
    Err("a kernel is taken from a file, not from an archive: unpack it with tar, and give --binary the file".to_owned())
}

impl Set {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let architecture = match &self.arch {
            Some(text) => Platform::new("linux", text, None).architecture,
            None => Platform::host().architecture,
        };
        let engine = Engine::open()?;
        match self.binary {
            Some(binary) => {
                let kernel = engine.set_kernel(&binary, &architecture, self.force)?;
                output::line(&kernel.path.display().to_string())?;
            }
            None => engine.unset_kernel(&architecture)?,
        }
        Ok(0)
    }
}
