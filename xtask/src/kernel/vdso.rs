//! The check of the vDSO that the 64-bit Arm kernel maps into every program.
//!
//! Rosetta looks functions up through `DT_HASH`. Linkers whose default is the GNU hash table alone leave it out, and programs for x86-64 would
//! crash, on a Mac only.

use crate::architecture::Architecture;
use crate::process;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// Looks for the hash table in the vDSO of the kernel built in `tree`.
///
/// # Errors
/// When it is not there, or the vDSO cannot be read.
pub(crate) fn check(tree: &Path, architecture: Architecture) -> Result<()> {
    let vdso = tree.join("arch/arm64/kernel/vdso/vdso.so");
    let mut readelf = Command::new(format!("{}readelf", architecture.tool_prefix()));
    let dynamic = process::output(readelf.env("LC_ALL", "C").args(["--wide", "--dynamic"]).arg(&vdso))?;
    if !has_hash(&dynamic) {
        bail!("the vDSO has no DT_HASH, without which Rosetta does not work; it was linked without --hash-style=both");
    }
    Ok(())
}

/// Is there a `DT_HASH` in the output of `readelf --dynamic`?
fn has_hash(dynamic: &str) -> bool {
    dynamic
        .lines()
        .any(|line| line.split_whitespace().nth(1) == Some("(HASH)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GNU: &str = " 0x000000006ffffef5 (GNU_HASH)           0x118\n";

    #[test]
    fn the_gnu_table_does_not_stand_for_the_other() {
        assert!(!has_hash(GNU));
        assert!(has_hash(&format!(
            " 0x0000000000000004 (HASH)               0xe8\n{GNU}"
        )));
    }
}
