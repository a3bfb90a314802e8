//! Writing an OCI archive with one layer, from a list of files: for demonstrations and tests, without any other tool.
//!
//! The same input gives the same bytes: members are in the given order, times are zero.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use container_oci::{
    Algorithm, Descriptor, Digest, ImageConfig, Index, Manifest, Platform, ProcessDefaults, annotation, media_type,
};

use super::layout::{INDEX_FILE, LAYOUT_FILE, LAYOUT_MARK, blob_name};
use super::writer::{Output, Sink as _, TarSink};
use crate::content::Hasher;

/// A file of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Path in the image, without a leading slash: `bin/sh`.
    pub path: String,
    /// Permission bits, setuid and the like included: `0o755`.
    pub mode: u32,
    /// What it is.
    pub content: FileContent,
}

/// What a file of the layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    /// A directory.
    Directory,
    /// A regular file with these bytes.
    Bytes(Vec<u8>),
    /// A symbolic link with this target.
    Symlink(String),
    /// Another name of the file at this path.
    HardLink(String),
}

/// Why an archive could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The archive.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A document could not be encoded.
    #[error("cannot encode the image: {0}")]
    Encode(#[from] serde_json::Error),
}

/// Writes an OCI archive to `dest`: the image `name` (full reference) for `platform` with one uncompressed layer of `files`.
///
/// Returns the digest of the manifest.
///
/// # Errors
/// [`WriteError`]; `dest` is then as it was.
pub fn write_oci_archive(
    dest: &Path,
    name: &str,
    platform: &Platform,
    files: &[ArchiveFile],
    defaults: ProcessDefaults,
) -> Result<Digest, WriteError> {
    let io_error = |source| WriteError::Io {
        path: dest.to_owned(),
        source,
    };
    let layer = layer_tar(files).map_err(io_error)?;
    let layer_digest = Hasher::of(Algorithm::Sha256, &layer);
    let config = serde_json::to_vec(&ImageConfig::new(platform.clone(), defaults, vec![layer_digest]))?;
    let config_descriptor = describe(media_type::OCI_CONFIG, &config);
    let manifest = Manifest::new(config_descriptor.clone(), vec![describe(media_type::OCI_LAYER, &layer)]);
    let manifest_bytes = serde_json::to_vec(&manifest)?;
    let mut manifest_descriptor = describe(media_type::OCI_MANIFEST, &manifest_bytes);
    let digest = manifest_descriptor.digest;
    manifest_descriptor.platform = Some(platform.clone());
    manifest_descriptor
        .annotations
        .insert(annotation::IMAGE_NAME.to_owned(), name.to_owned());
    manifest_descriptor
        .annotations
        .insert(annotation::REF_NAME.to_owned(), name.to_owned());
    let index = serde_json::to_vec(&Index::new(vec![manifest_descriptor]))?;

    let mut members = vec![
        (LAYOUT_FILE.to_owned(), LAYOUT_MARK.to_vec()),
        (INDEX_FILE.to_owned(), index),
        (blob_name(&digest), manifest_bytes),
        (blob_name(&config_descriptor.digest), config),
    ];
    members.push((blob_name(&layer_digest), layer));
    let mut sink = TarSink::new(Output::to_path(dest).map_err(io_error)?);
    for (name, bytes) in &members {
        sink.bytes(name, bytes)
            .map_err(|error| io_error(io::Error::other(error)))?;
    }
    sink.finish().and_then(Output::commit).map_err(io_error)?;
    Ok(digest)
}

fn describe(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor::new(media_type, Hasher::of(Algorithm::Sha256, bytes), bytes.len() as u64)
}

fn layer_tar(files: &[ArchiveFile]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        append(&mut tar, &file.path, file.mode, &file.content)?;
    }
    tar.into_inner()
}

fn append<W: Write>(tar: &mut tar::Builder<W>, path: &str, mode: u32, content: &FileContent) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match content {
        FileContent::Directory => {
            header.set_entry_type(tar::EntryType::Directory);
            tar.append_data(&mut header, path, io::empty())
        }
        FileContent::Bytes(bytes) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, path, bytes.as_slice())
        }
        FileContent::Symlink(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            tar.append_link(&mut header, path, target)
        }
        FileContent::HardLink(target) => {
            header.set_entry_type(tar::EntryType::Link);
            tar.append_link(&mut header, path, target)
        }
    }
}
