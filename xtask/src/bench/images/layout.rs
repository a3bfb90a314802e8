//! An OCI image layout (image specification 1.1) in a directory, written layer by layer as they are made.

use crate::architecture::Architecture;
use crate::digest::Sha256Writer;
use crate::oci_archive;
use crate::process;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A compressed layer on disk.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    path: PathBuf,
    descriptor: Value,
    diff_id: String,
    /// Size of the uncompressed archive.
    pub(super) tar_bytes: u64,
}

/// Makes a layer in `directory` from what `write` writes, compressed as `docker build` does.
///
/// # Errors
/// When writing or compressing fails.
pub(super) fn layer(directory: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Layer> {
    let unfinished = directory.join("unfinished.gz");
    let mut gzip = Command::new("gzip")
        .args(["-n", "-6"])
        .stdin(Stdio::piped())
        .stdout(File::create(&unfinished)?)
        .spawn()
        .context("cannot start gzip")?;
    let input = gzip.stdin.take().context("gzip has no input")?;
    let mut tar = Sha256Writer::new(BufWriter::with_capacity(1 << 20, input));
    write(&mut tar)?;
    let (diff_id, tar_bytes) = tar.finish()?;
    if !gzip.wait()?.success() {
        bail!("gzip failed");
    }
    let (digest, size) = (crate::digest::of_file(&unfinished)?, fs::metadata(&unfinished)?.len());
    let path = directory.join(&digest);
    fs::rename(&unfinished, &path)?;
    Ok(Layer {
        path,
        descriptor: json!({ "mediaType": oci_archive::TAR_GZIP, "digest": format!("sha256:{digest}"), "size": size }),
        diff_id: format!("sha256:{diff_id}"),
        tar_bytes,
    })
}

/// Writes an image of these layers, lowest first, to the new directory `layout`.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(layout: &Path, layers: &[Layer]) -> Result<()> {
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    for layer in layers {
        let name = layer.path.file_name().context("a layer without a name")?;
        fs::hard_link(&layer.path, blobs.join(name))
            .with_context(|| format!("cannot link {}", layer.path.display()))?;
    }
    let put = |media_type: &str, document: &Value| -> Result<Value> {
        let bytes = serde_json::to_vec(document)?;
        fs::write(blobs.join(crate::digest::of_bytes(&bytes)), &bytes)?;
        Ok(oci_archive::descriptor(media_type, &bytes))
    };
    let architecture = Architecture::host().oci_name();
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    let descriptors: Vec<&Value> = layers.iter().map(|layer| &layer.descriptor).collect();
    let configuration = put(
        oci_archive::CONFIGURATION,
        &json!({
            "architecture": architecture, "os": "linux", "config": { "Cmd": ["/bin/sh"] },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        }),
    )?;
    let manifest = put(
        oci_archive::MANIFEST,
        &json!({ "schemaVersion": 2, "mediaType": oci_archive::MANIFEST, "config": configuration, "layers": descriptors }),
    )?;
    let index = json!({ "schemaVersion": 2, "mediaType": oci_archive::INDEX, "manifests": [manifest] });
    fs::write(layout.join("index.json"), serde_json::to_vec(&index)?)?;
    fs::write(layout.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(())
}

/// Copies the image of `layout` to a registry.
///
/// # Errors
/// When skopeo fails.
pub(super) fn push(layout: &Path, name: &str) -> Result<()> {
    process::output(
        Command::new("skopeo")
            .args(["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"])
            .arg(format!("oci:{}", layout.display()))
            .arg(format!("docker://{name}")),
    )
    .map(drop)
}
