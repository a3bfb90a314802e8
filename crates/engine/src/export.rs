//! `export`: the root of a container as a tar.

use std::io::Write;
use std::path::PathBuf;

use container_image::ArchiveOutput;
use container_model::ContainerId;
use container_rootfs::ArchiveOptions;
use container_tar::Writer;

use crate::error::StillError;
use crate::images::blocking;
use crate::{Engine, EngineError};

/// The verb in errors.
const EXPORT: &str = "export";
/// Bytes that are written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Where the tar goes.
pub enum ExportTarget {
    /// A file, which is there whole or not at all.
    Path(PathBuf),
    /// A stream, for example standard output.
    Stream(Box<dyn Write + Send>),
}

impl Engine {
    /// Writes the root of a container as a tar, without what is mounted in it. One that runs is seen as it is at one moment.
    ///
    /// # Errors
    /// [`EngineError::Root`] when it cannot be read or the tar cannot be written; a file that was there before is as it was.
    pub async fn export(&self, id: &ContainerId, target: ExportTarget) -> Result<(), EngineError> {
        let root = self.still_root(id, EXPORT).await?;
        let written = blocking(move || {
            let output = match target {
                ExportTarget::Path(path) => ArchiveOutput::to_path(&path)?,
                ExportTarget::Stream(stream) => ArchiveOutput::Stream(stream),
            };
            let mut tar = Writer::new(std::io::BufWriter::with_capacity(BUFFER_BYTES, output));
            root.view().archive(b"/", b"", ArchiveOptions::default(), &mut tar)?;
            let buffered = tar.finish().map_err(container_rootfs::RootError::from)?;
            buffered
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?
                .commit()?;
            Ok::<_, StillError>(())
        });
        written.await.map_err(|source| EngineError::root(EXPORT, id, source))
    }
}
