//! Image archives: OCI layouts (as a directory or in a tar stream) and `docker save` archives, both ways.
//!
//! An archive is read in one pass, so it may come through a pipe. Every file in it is hashed into the content store's ingest
//! area; only when the whole has proved consistent do the blobs of its images get their names. Member names are checked
//! before anything is done with them, and they are not used as paths on this machine.
//!
//! # Names
//! An image gets, in this order: the annotation `io.containerd.image.name`, or `com.apple.containerization.image.name`;
//! `org.opencontainers.image.ref.name` where that is a full name (has a `/` or `:`); where that is only a tag, `<archive's
//! file name without extension>:<tag>`; the `RepoTags` of `docker save`. An image without any name is stored as
//! `untagged@<digest>`. An archive that gives an image a name with another digest than the image has is refused.

mod compression;
mod docker;
mod docker_legacy;
mod error;
mod images;
mod layout;
mod members;
mod name;
mod oci;
mod write;
mod writer;

use std::io::Read;
use std::path::PathBuf;

use container_oci::{Descriptor, Platform, Reference};

pub use error::ArchiveError;
pub use write::{ArchiveFile, FileContent, WriteError, write_oci_archive};
pub use writer::Output as ArchiveOutput;

pub(crate) use images::ArchiveImage;
pub(crate) use members::{Members, ReadEvent, Reading};
pub(crate) use writer::{
    OutgoingImage, Output, PendingDirectory, TarSink, Watch, WriteFailure, write_docker, write_oci,
};

/// The most images that an archive may have.
const IMAGE_LIMIT: usize = 1000;

/// Where an archive comes from.
pub enum LoadSource {
    /// An archive, or the directory of an OCI layout.
    Path(PathBuf),
    /// An archive from a pipe.
    Stream(Box<dyn Read + Send>),
}

/// An image that has been loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedImage {
    /// Its name.
    pub reference: Reference,
    /// What the name points at: an index or a manifest.
    pub descriptor: Descriptor,
    /// What the images behind it run on, in the index's order; those that the archive does not have are left out.
    pub platforms: Vec<Platform>,
}

/// Reads an archive. Layers are told of the images for `machine`.
pub(crate) fn read(
    mut reading: Reading<'_>,
    source: LoadSource,
    machine: &Platform,
) -> Result<(Members, Vec<ArchiveImage>), ArchiveError> {
    let stem = match &source {
        LoadSource::Path(path) => name::stem(path),
        LoadSource::Stream(_) => None,
    };
    let mut members = members::read(&mut reading, source)?;
    let images = if members.contains(layout::INDEX_FILE) {
        oci::images(&members, stem.as_deref(), machine)?
    } else if members.contains(layout::MANIFEST_FILE) {
        docker::images(reading.session, &mut members, machine)?
    } else if members.contains(layout::REPOSITORIES_FILE) {
        docker_legacy::images(reading.session, &mut members, machine)?
    } else {
        return Err(ArchiveError::Unknown);
    };
    if images.is_empty() {
        return Err(ArchiveError::Empty);
    }
    Ok((members, images))
}
