//! Small images.

use std::path::{Path, PathBuf};

use container_fixtures::tar_of;
use container_image::archive::{ArchiveFile, FileContent, write_oci_archive};
use container_oci::{Platform, ProcessDefaults};

/// Writes an OCI archive of an image called `name` with a few files.
pub(crate) fn archive(directory: &Path, name: &str, text: &str) -> PathBuf {
    archive_for(directory, name, text, &Platform::host())
}

pub(crate) fn archive_for(directory: &Path, name: &str, text: &str, platform: &Platform) -> PathBuf {
    let path = directory.join("image.tar");
    let file = |path: &str, mode, content| ArchiveFile {
        path: path.to_owned(),
        mode,
        content,
    };
    let files = [
        file("bin", 0o755, FileContent::Directory),
        file("bin/hello", 0o755, FileContent::Bytes(text.as_bytes().to_vec())),
        file("bin/hi", 0o777, FileContent::Symlink("hello".to_owned())),
        file("bin/hard", 0o755, FileContent::HardLink("bin/hello".to_owned())),
    ];
    let defaults = ProcessDefaults {
        cmd: vec!["/bin/hello".to_owned()],
        ..ProcessDefaults::default()
    };
    write_oci_archive(&path, name, platform, &files, defaults).unwrap();
    path
}

/// Writes an archive as `docker save` writes them, of an image called `name` with these layers, lowest first.
pub(crate) fn archive_of_layers(directory: &Path, name: &str, layers: &[Vec<u8>]) -> PathBuf {
    let platform = Platform::host().to_string();
    let (os, architecture) = platform.split_once('/').unwrap();
    let diff_ids: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", sha256(layer))).collect();
    let config = serde_json::json!({
        "architecture": architecture,
        "os": os,
        "config": { "Cmd": ["/bin/sh"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let files: Vec<String> = (0..layers.len()).map(|index| format!("{index}.tar")).collect();
    let manifest = serde_json::json!([{ "Config": "config.json", "RepoTags": [name], "Layers": files }]);
    let mut members = vec![
        ("manifest.json".to_owned(), manifest.to_string().into_bytes()),
        ("config.json".to_owned(), config.to_string().into_bytes()),
    ];
    members.extend(files.into_iter().zip(layers.iter().cloned()));
    let path = directory.join("layers.tar");
    write_tar(&path, &members);
    path
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The members of a tar file.
pub(crate) fn members(tar: &Path) -> Vec<(String, Vec<u8>)> {
    use std::io::Read as _;
    let mut archive = tar::Archive::new(std::fs::File::open(tar).unwrap());
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
        })
        .collect()
}

/// A tar file of the given members.
pub(crate) fn write_tar(path: &Path, members: &[(String, Vec<u8>)]) {
    let files = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    std::fs::write(path, tar_of(files)).unwrap();
}
