//! Sizes of what is installed: programs, kernels, initial file systems, for every architecture in the install tree.

use super::sample::{Report, Samples};
use super::tree::Trees;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Mach-O programs that `cargo xtask mac` has linked, beside the install tree.
const MACH_O_TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

pub(crate) fn measure(trees: &Trees) -> Result<Report> {
    let mut samples = Vec::new();
    let share = trees.built.share_directory();
    let entries = fs::read_dir(&share).with_context(|| format!("cannot read {}", share.display()))?;
    let mut names: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    samples.push(size("container", &trees.built.program())?);
    for name in names {
        samples.push(size(&name.to_string_lossy(), &share.join(&name))?);
    }
    for target in MACH_O_TARGETS {
        let program = crate::workspace::target_directory()
            .join(target)
            .join("release/container");
        if program.exists() {
            samples.push(size(&format!("container, {target}"), &program)?);
        }
    }
    Ok(Report::new("sizes", samples))
}

fn size(label: &str, path: &Path) -> Result<Samples> {
    let bytes = fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    let mut sample = Samples::new(label, "KiB");
    // Nothing that is installed comes near 4 TiB.
    sample.add(f64::from(u32::try_from(bytes.div_ceil(1024))?));
    Ok(sample)
}
