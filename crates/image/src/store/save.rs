//! `image save`: from the store into an archive.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use container_oci::{Descriptor, Digest, ImageConfig, Manifest, MediaTypeKind as _, Platform, Reference};
use tokio::sync::oneshot;

use super::selection::{Partial, Selection, select};
use super::variant::{read_config, read_document, read_manifest, read_tree};
use super::worker::blocking;
use super::{ImageStore, PlatformChoice, SelectionError};
use crate::archive::{OutgoingImage, Output, PendingDirectory, TarSink, Watch, WriteFailure, write_docker, write_oci};
use crate::content::{ContentError, Session, StorePaths, sweep};
use crate::progress::{Progress, ProgressEvent};

/// Time between two reports of how far an archive is.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// The form of an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SaveFormat {
    /// An OCI layout as a tar file, which also has Docker's `manifest.json`, so that readers of either form can read it.
    #[default]
    OciArchive,
    /// An OCI layout as a directory.
    OciDirectory,
    /// What `docker save` wrote before it wrote OCI layouts: one platform per image, layers uncompressed.
    DockerArchive,
}

/// Where an archive goes.
pub enum SaveTarget {
    /// A file or directory, which is there whole or not at all.
    Path(PathBuf),
    /// A stream: standard output.
    Stream(Box<dyn Write + Send>),
}

/// An image that has been saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedImage {
    /// Its name.
    pub reference: Reference,
    /// What stands for it in the archive: an index or a manifest.
    pub descriptor: Descriptor,
}

/// Why images could not be saved. A file that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// An image, or what was asked for of it.
    #[error("cannot save: {0}")]
    Selection(#[from] SelectionError),
    /// A blob is missing or damaged.
    #[error("cannot save: {0}")]
    Content(#[from] ContentError),
    /// A layer is damaged.
    #[error("cannot save: {reason}")]
    Layer {
        /// What is wrong with which layer.
        reason: Box<str>,
    },
    /// The archive cannot be written.
    #[error("cannot write {target}: {source}")]
    Write {
        /// The file, or `the stream`.
        target: String,
        /// What the system said.
        source: io::Error,
    },
    /// A document of the archive cannot be encoded.
    #[error("cannot save: {0}")]
    Encode(#[from] serde_json::Error),
    /// A directory cannot go through a pipe.
    #[error("a directory cannot be written to a stream; give a path, or choose the oci-archive format")]
    DirectoryNeedsPath,
    /// A docker archive holds one platform per image.
    #[error(
        "a docker archive holds one platform per image, but image {:?} is here for several; choose one with --platform, \
         or the oci-archive format",
        reference.familiar()
    )]
    SeveralPlatforms {
        /// The image.
        reference: Reference,
    },
    /// A docker archive holds nothing but images made of file system layers.
    #[error("image {:?} cannot go into a docker archive: it is no image of file system layers, or not all of them are here", reference.familiar())]
    NotPlain {
        /// The image.
        reference: Reference,
    },
}

impl ImageStore {
    /// Writes the images into one archive.
    ///
    /// [`PlatformChoice::Default`] takes an index whole when all of it is here, else the images of it that are here. A docker
    /// archive takes this machine's image of an index then.
    ///
    /// Dropping the future ends the writing; a file appears only when it is complete.
    ///
    /// # Errors
    /// [`SaveError`].
    pub async fn save(
        &self,
        references: &[Reference],
        platforms: &PlatformChoice,
        format: SaveFormat,
        target: SaveTarget,
        progress: &dyn Progress,
    ) -> Result<Vec<SavedImage>, SaveError> {
        let (paths, references, platforms) = (self.paths.clone(), references.to_vec(), platforms.clone());
        let watch = Watch::default();
        let guard = LeaveOnDrop(watch.clone());
        let (sizes, size) = oneshot::channel();
        let writer = blocking(move || {
            sweep(&paths)?;
            let session = Session::start(&paths)?;
            let images = references
                .iter()
                .map(|reference| outgoing(&paths, &session, reference, &platforms, format))
                .collect::<Result<Vec<_>, _>>()?;
            let _ = sizes.send(size_bytes(&images, format));
            write(&paths, &images, format, target, &watch)?;
            let saved = |image: OutgoingImage| SavedImage {
                reference: image.reference,
                descriptor: image.root,
            };
            Ok(images.into_iter().map(saved).collect())
        });
        let reporter = async {
            if let Ok(size_bytes) = size.await {
                progress.event(ProgressEvent::Saving { size_bytes });
            }
            loop {
                tokio::time::sleep(REPORT_INTERVAL).await;
                let read_bytes = guard.0.read_bytes();
                progress.event(ProgressEvent::SavingBytes { read_bytes });
            }
        };
        tokio::select! {
            saved = writer => saved?,
            () = reporter => Err(ContentError::WorkerLost.into()),
        }
    }
}

/// Bytes that are read of the store while the images are written. Layers that are unpacked on the way are read twice, or so.
fn size_bytes(images: &[OutgoingImage], format: SaveFormat) -> Option<u64> {
    let parts: BTreeMap<_, _> = images
        .iter()
        .flat_map(|image| image.parts.iter().map(|part| (part.digest, part.size_bytes)))
        .collect();
    (format != SaveFormat::DockerArchive).then(|| parts.values().fold(0_u64, |sum, size| sum.saturating_add(*size)))
}

/// Tells the writing thread to end when the future is dropped.
struct LeaveOnDrop(Watch);

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Everything that goes out of one image.
fn outgoing(
    paths: &StorePaths,
    session: &Session,
    reference: &Reference,
    platforms: &PlatformChoice,
    format: SaveFormat,
) -> Result<OutgoingImage, SaveError> {
    let is_docker = format == SaveFormat::DockerArchive;
    let selection = match (is_docker, platforms) {
        (true, PlatformChoice::Default) => for_docker(paths, session, reference)?,
        _ => select(paths, session, reference, platforms, Partial::Keep)?,
    };
    let parts: Vec<Descriptor> = selection.parts.into_iter().map(|part| part.descriptor).collect();
    let root = selection.root;
    if is_docker && root.media_type.is_index() {
        let reference = reference.clone();
        return Err(SaveError::SeveralPlatforms { reference });
    }
    let plain = plain(paths, &root, &parts)?;
    if is_docker && plain.is_none() {
        let reference = reference.clone();
        return Err(SaveError::NotPlain { reference });
    }
    Ok(OutgoingImage {
        reference: name_of(reference, &root),
        root,
        parts,
        plain,
    })
}

/// The name that goes out with the image. One with a digest is the name of an index, of which only a part may go out.
fn name_of(reference: &Reference, root: &Descriptor) -> Reference {
    match (reference.digest(), reference.tag()) {
        (Some(digest), None) if *digest != root.digest => reference.with_digest(root.digest),
        (Some(digest), Some(tag)) if *digest != root.digest => {
            let tagged = reference.with_tag(tag);
            tagged.unwrap_or_else(|_| reference.with_digest(root.digest))
        }
        _ => reference.clone(),
    }
}

/// This machine's image, else the only one that is here.
fn for_docker(paths: &StorePaths, session: &Session, reference: &Reference) -> Result<Selection, SelectionError> {
    let host = PlatformChoice::Only(Platform::host());
    match select(paths, session, reference, &host, Partial::Refuse) {
        Err(SelectionError::Platform(_) | SelectionError::PlatformIncomplete { .. }) => {
            select(paths, session, reference, &PlatformChoice::Default, Partial::Refuse)
        }
        selected => selected,
    }
}

/// The image that a reader without a notion of indexes gets: this machine's, else the first. `None` when there is none that
/// consists of file system layers which all go out.
fn plain(
    paths: &StorePaths,
    root: &Descriptor,
    parts: &[Descriptor],
) -> Result<Option<(Manifest, ImageConfig)>, ContentError> {
    let goes_out = |digest: &Digest| parts.iter().any(|part| part.digest == *digest);
    if !root.media_type.is_index() && !root.media_type.is_manifest() {
        return Ok(None);
    }
    let document = read_document(paths, &root.digest, Some(&root.media_type))?;
    let tree = read_tree(paths, root, &document)?;
    let mine = tree.select(&Platform::host()).map(|(image, _)| image);
    let mine = mine.filter(|image| goes_out(&image.descriptor.digest));
    let Some(chosen) = mine.or_else(|| tree.images().find(|image| goes_out(&image.descriptor.digest))) else {
        return Ok(None);
    };
    let manifest = read_manifest(paths, &chosen.descriptor)?;
    let is_layer = |layer: &Descriptor| layer.media_type.layer_compression().is_some() && goes_out(&layer.digest);
    if !manifest.config.media_type.is_config() || !manifest.layers.iter().all(is_layer) {
        return Ok(None);
    }
    let config = read_config(paths, &manifest.config.digest)?;
    let is_matched = config.diff_ids().len() == manifest.layers.len();
    Ok(is_matched.then_some((manifest, config)))
}

fn write(
    paths: &StorePaths,
    images: &[OutgoingImage],
    format: SaveFormat,
    target: SaveTarget,
    watch: &Watch,
) -> Result<(), SaveError> {
    let name = match &target {
        SaveTarget::Path(path) => path.display().to_string(),
        SaveTarget::Stream(_) => "the stream".to_owned(),
    };
    let write_error = |source| SaveError::Write {
        target: name.clone(),
        source,
    };
    let failure = |failure| match failure {
        WriteFailure::Content(error) => SaveError::Content(error),
        WriteFailure::Encode(error) => SaveError::Encode(error),
        WriteFailure::Output(source) => write_error(source),
        layer @ (WriteFailure::Unpack(_) | WriteFailure::DiffId { .. } | WriteFailure::TooLarge { .. }) => {
            SaveError::Layer {
                reason: layer.to_string().into(),
            }
        }
    };
    let output = match (format, target) {
        (SaveFormat::OciDirectory, SaveTarget::Stream(_)) => return Err(SaveError::DirectoryNeedsPath),
        (SaveFormat::OciDirectory, SaveTarget::Path(path)) => {
            let mut directory = PendingDirectory::start(&path).map_err(write_error)?;
            write_oci(&mut directory, paths, images, false, watch).map_err(failure)?;
            return directory.commit().map_err(write_error);
        }
        (_, SaveTarget::Path(path)) => Output::to_path(&path).map_err(write_error)?,
        (_, SaveTarget::Stream(stream)) => Output::Stream(stream),
    };
    let mut sink = TarSink::new(output);
    match format {
        SaveFormat::DockerArchive => write_docker(&mut sink, paths, images, watch),
        _ => write_oci(&mut sink, paths, images, true, watch),
    }
    .map_err(failure)?;
    sink.finish().and_then(Output::commit).map_err(write_error)
}
