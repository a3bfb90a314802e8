//! OCI archives (image layout v1.0 in a tar file) with one layer, made for the demo and the benchmarks.

pub(crate) mod tar;

use crate::architecture::Architecture;
use crate::{busybox, digest};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tar::Tar;

/// Media types of the OCI image specification 1.1.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIGURATION: &str = "application/vnd.oci.image.config.v1+json";
const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The layer of an image.
pub(crate) struct Layer {
    media_type: &'static str,
    blob: Vec<u8>,
    /// SHA-256 of the uncompressed tar.
    diff_id: String,
}

impl Layer {
    /// An uncompressed layer.
    pub(crate) fn plain(tar: Vec<u8>) -> Self {
        let diff_id = digest::of_bytes(&tar);
        Self {
            media_type: TAR,
            blob: tar,
            diff_id,
        }
    }

    /// A layer compressed with gzip, of a tar with the SHA-256 `diff_id`.
    pub(crate) fn gzip(blob: Vec<u8>, diff_id: String) -> Self {
        Self {
            media_type: TAR_GZIP,
            blob,
            diff_id,
        }
    }
}

/// Writes an image that has a static busybox and nothing else to the OCI archive `destination`.
///
/// # Errors
/// When no static busybox is available, or the archive cannot be written.
pub(crate) fn write_busybox(architecture: Architecture, name: &str, destination: &Path) -> Result<()> {
    let file = busybox::file(architecture)?;
    let program = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let applets = busybox::applets(&program)?;
    write(
        &Layer::plain(busybox_tree(&program, applets.iter().map(String::as_str))?),
        architecture,
        name,
        destination,
    )
}

/// Writes an image that has nothing but a static `program`, named as the image is without its tag, to the OCI archive `destination`.
///
/// # Errors
/// When the archive cannot be written.
pub(crate) fn write_program(program: &[u8], architecture: Architecture, name: &str, destination: &Path) -> Result<()> {
    let (file, _) = name.split_once(':').unwrap_or((name, ""));
    let mut tar = Tar::new(Vec::new());
    for directory in ["dev/", "etc/", "proc/", "sys/"] {
        tar.directory(directory, 0o755)?;
    }
    tar.file(file, 0o755, program)?;
    write(&Layer::plain(tar.finish()?), architecture, name, destination)
}

/// Writes an image of one layer to the OCI archive `destination`.
///
/// # Errors
/// When the archive cannot be written.
pub(crate) fn write(layer: &Layer, architecture: Architecture, name: &str, destination: &Path) -> Result<()> {
    let archive = archive(layer, architecture, name)?;
    fs::write(destination, archive).with_context(|| format!("cannot write {}", destination.display()))
}

fn busybox_tree<'a>(busybox: &[u8], applets: impl Iterator<Item = &'a str>) -> std::io::Result<Vec<u8>> {
    let mut tar = Tar::new(Vec::new());
    for (directory, mode) in [
        ("bin/", 0o755),
        ("etc/", 0o755),
        ("proc/", 0o555),
        ("root/", 0o700),
        ("sys/", 0o555),
        ("tmp/", 0o1777),
    ] {
        tar.directory(directory, mode)?;
    }
    tar.file(
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )?;
    tar.file("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n")?;
    tar.file("bin/busybox", 0o755, busybox)?;
    for applet in applets.filter(|applet| *applet != "busybox" && !applet.contains('/')) {
        tar.symlink(&format!("bin/{applet}"), "busybox")?;
    }
    tar.finish()
}

fn archive(layer: &Layer, architecture: Architecture, name: &str) -> Result<Vec<u8>> {
    let configuration = serde_json::to_vec(&json!({
        "architecture": architecture.oci_name(),
        "os": "linux",
        "config": { "Env": ["PATH=/bin"], "Cmd": ["sh"], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", layer.diff_id)] },
        "history": [{ "created_by": "cargo xtask demo" }],
    }))?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIGURATION, &configuration),
        "layers": [descriptor(layer.media_type, &layer.blob)],
    }))?;
    let mut entry = descriptor(MANIFEST, &manifest);
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(
            "platform".to_owned(),
            json!({ "architecture": architecture.oci_name(), "os": "linux" }),
        );
        entry.insert(
            "annotations".to_owned(),
            json!({ "org.opencontainers.image.ref.name": name }),
        );
    }
    let index = serde_json::to_vec(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] }))?;

    let mut tar = Tar::new(Vec::new());
    tar.file("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    tar.file("index.json", 0o644, &index)?;
    tar.directory("blobs/", 0o755)?;
    tar.directory("blobs/sha256/", 0o755)?;
    for blob in [&configuration, &manifest, &layer.blob] {
        tar.file(&format!("blobs/sha256/{}", digest::of_bytes(blob)), 0o644, blob)?;
    }
    Ok(tar.finish()?)
}

/// The descriptor of `blob` in a manifest or an index.
pub(crate) fn descriptor(media_type: &str, blob: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", digest::of_bytes(blob)), "size": blob.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;
    use std::process::Command;

    #[test]
    fn the_layer_has_the_program_and_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("layer.tar");
        fs::write(
            &path,
            busybox_tree(b"program", ["sh", "busybox", "ls"].into_iter()).unwrap(),
        )
        .unwrap();
        let listing = process::output(Command::new("tar").arg("-tvf").arg(&path)).unwrap();
        assert!(
            listing.contains("bin/sh -> busybox") && listing.contains("bin/ls -> busybox"),
            "{listing}"
        );
        assert!(!listing.contains("bin/busybox ->"), "{listing}");
        assert!(
            listing
                .lines()
                .any(|line| line.starts_with("drwxrwxrwt") && line.ends_with("tmp/")),
            "{listing}"
        );
    }

    #[test]
    fn every_blob_is_named_by_its_digest() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.tar");
        write(
            &Layer::plain(busybox_tree(b"program", ["sh"].into_iter()).unwrap()),
            Architecture::X86_64,
            "demo:latest",
            &path,
        )
        .unwrap();
        process::run(
            Command::new("tar")
                .arg("-xf")
                .arg(&path)
                .arg("-C")
                .arg(directory.path()),
        )
        .unwrap();
        let blobs: Vec<_> = fs::read_dir(directory.path().join("blobs/sha256"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(blobs.len(), 3);
        for blob in blobs {
            assert_eq!(
                digest::of_file(&blob).unwrap(),
                blob.file_name().unwrap().to_str().unwrap()
            );
        }
        let index: Value = serde_json::from_slice(&fs::read(directory.path().join("index.json")).unwrap()).unwrap();
        assert_eq!(
            index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"],
            "demo:latest"
        );
    }
}
