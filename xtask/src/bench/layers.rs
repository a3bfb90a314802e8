//! Layer disks: loading an image with one large layer or one with many files, against inflating and hashing the same bytes.

use super::app_root::AppRoot;
use super::noise::Noise;
use super::sample::{Report, Samples};
use super::tree::Tree;
use crate::architecture::Architecture;
use crate::oci_archive::{self, Layer};
use crate::process;
use crate::progress::say;
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;

/// At most this factor over inflating and hashing.
const LIMIT_RATIO: f64 = 1.5;

/// The two layers: label, number of files, bytes in each, files in a folder.
const LAYERS: [(&str, usize, usize, usize); 2] = [
    ("500 MB in 500 files", 500, 1_000_000, 100),
    ("112,000 files", 112_000, 3000, 100),
];

pub(crate) fn measure(tree: &Tree, runs: usize) -> Result<Report> {
    let app_root = AppRoot::empty(tree)?;
    let mut all = Vec::new();
    let mut ratios = Vec::new();
    for (label, files, bytes, in_folder) in LAYERS {
        let directory = app_root.path().join(files.to_string());
        say(format_args!("making a layer: {label}"));
        let (archive, layer) = make(&directory, files, bytes, in_folder)?;
        let (archive, layer) = (
            archive.to_string_lossy().into_owned(),
            layer.to_string_lossy().into_owned(),
        );
        let mut limit = Samples::new(format!("{label}: gzip -dc | sha256sum"), "ms");
        let mut tar = Samples::new(format!("{label}: tar -xzf"), "ms");
        let mut ours = Samples::new(format!("{label}: container image load"), "ms");
        for _ in 0..runs {
            limit.time(|| shell("gzip -dc \"$1\" | sha256sum", &layer))?;
            tar.time(|| shell("mkdir \"$1.d\" && tar -xzf \"$1\" -C \"$1.d\"", &layer))?;
            fs::remove_dir_all(format!("{layer}.d"))?;
            app_root.clear()?;
            ours.time(|| app_root.quietly(&["image", "load", "--input", &archive]))?;
        }
        ratios.push((
            format!("{label}: ratio to gzip | sha256sum"),
            ours.median() / limit.median(),
        ));
        all.extend([limit, tar, ours]);
        fs::remove_dir_all(&directory)?;
    }
    let report = Report::new("layers", all);
    Ok(ratios.into_iter().fold(report, |report, (label, ratio)| {
        report.verdict(label, ratio, Some(LIMIT_RATIO))
    }))
}

/// Makes an OCI archive with such a layer. Returns the archive and the compressed layer alone.
fn make(
    directory: &Path,
    files: usize,
    bytes: usize,
    in_folder: usize,
) -> Result<(std::path::PathBuf, std::path::PathBuf)> {
    let tree = directory.join("tree");
    let mut noise = Noise::new(0);
    for index in 0..files {
        let folder = tree.join(format!("d{}", index / in_folder));
        if index % in_folder == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("file-{index}")), noise.program(bytes))?;
    }
    let layer = directory.join("layer.tar.gz");
    let plain = directory.join("layer.tar");
    process::run(Command::new("tar").arg("-cf").arg(&plain).arg("-C").arg(&tree).arg("."))?;
    fs::remove_dir_all(&tree)?;
    let diff_id = crate::digest::of_file(&plain)?;
    process::run(Command::new("gzip").arg("--fast").arg(&plain))?;
    let archive = directory.join("image.tar");
    oci_archive::write(
        &Layer::gzip(fs::read(&layer)?, diff_id),
        Architecture::host(),
        "layers:latest",
        &archive,
    )?;
    Ok((archive, layer))
}

fn shell(script: &str, argument: &str) -> Result<()> {
    process::output(Command::new("sh").args(["-c", script, "sh", argument])).map(drop)
}
