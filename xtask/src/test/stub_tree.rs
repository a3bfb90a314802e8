//! The install tree with the program that has Virtualization.framework as its backend, on the stand-in for it.

use crate::vz_stub::Stub;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Where the setup header of a `bzImage` begins, and how (Linux, Documentation/arch/x86/boot.rst).
const SETUP_HEADER: (usize, &[u8]) = (0x202, b"HdrS");

/// The kernel of Intel Macs.
const MAC_KERNEL: &str = "share/container/bzImage-x86_64";

/// Turns a copy of the install tree into one for the stand-in.
///
/// The backend wants the kernel of a Mac and looks whether it is one. The stand-in boots the kernel for emulation that is beside it, so a head
/// without a body stands for a kernel that takes longer to build than all tests to run.
///
/// # Errors
/// When the program does not compile, or the tree cannot be written.
pub(super) fn prepare(tree: &Path) -> Result<()> {
    let stub = Stub::prepare()?;
    stub.build()?;
    stub.install_program(tree)?;
    let kernel = tree.join(MAC_KERNEL);
    if !kernel.exists() {
        let (at, magic) = SETUP_HEADER;
        let mut head = vec![0; at];
        head.extend(magic);
        fs::write(&kernel, head).with_context(|| format!("cannot write {}", kernel.display()))?;
    }
    Ok(())
}
