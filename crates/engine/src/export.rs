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
            let path = match &target {
                ExportTarget::Path(path) => Some(path.clone()),
                ExportTarget::Stream(_) => None,
            };
            let failed = |source| match path.clone() {
                Some(path) => StillError::Target { path, source },
                None => StillError::Io(source),
            };
            let output = match target {
                ExportTarget::Path(path) => ArchiveOutput::to_path(&path).map_err(failed)?,
                ExportTarget::Stream(stream) => ArchiveOutput::Stream(stream),
            };
            let mut tar = Writer::new(std::io::BufWriter::with_capacity(BUFFER_BYTES, output));
            root.view().archive(b"/", b"", ArchiveOptions::default(), &mut tar)?;
            let buffered = tar.finish().map_err(container_rootfs::RootError::from)?;
            let output = buffered.into_inner().map_err(|error| failed(error.into_error()))?;
            output.commit().map_err(failed)
        });
        written.await.map_err(|source| EngineError::root(EXPORT, id, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_named() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let id: ContainerId = "made".parse().unwrap();
        engine.make_stopped(&id, serde_json::json!([]));
        let path = root.path().join("missing/x.tar");
        let error = engine.export(&id, ExportTarget::Path(path.clone())).await.unwrap_err();
        let expected = format!("cannot export container made: cannot write {}: ", path.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
