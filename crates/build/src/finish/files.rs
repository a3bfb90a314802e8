//! The files of the roots as a tar.

use std::io::{BufWriter, Write};

use container_image::ArchiveOutput;
use container_rootfs::TarEntries;
use container_tar::{Timestamp, Writer};

use super::Made;
use crate::execute::{Execution, RootDisks, blocking};
use crate::{BuildError, FilesError, OutputTarget, StepError};

/// The roots of all platforms, to be read on a thread where that may block.
pub(super) struct Roots {
    /// Each with the name of its directory, which is empty where all are in one.
    roots: Vec<(Vec<u8>, RootDisks)>,
    /// The time of all files, if it was given.
    modified: Option<Timestamp>,
}

impl Roots {
    /// What was made for each platform.
    pub(super) async fn of(
        execution: &Execution<'_>,
        made: &[Made],
        splits_platforms: Option<bool>,
    ) -> Result<Self, StepError> {
        let splits = splits_platforms.unwrap_or(made.len() > 1);
        let mut roots = Vec::with_capacity(made.len());
        for made in made {
            let name = match splits {
                true => made.platform.to_string().replace('/', "_"),
                false => String::new(),
            };
            roots.push((name.into_bytes(), execution.disks(&made.root).await?));
        }
        Ok(Self {
            roots,
            modified: execution.epoch.clamp(),
        })
    }

    /// Writes them as a tar with its end.
    pub(super) fn write(&self, output: impl Write) -> Result<(), FilesError> {
        let mut tar = Writer::new(output);
        for (name, disks) in &self.roots {
            let Some(root) = disks.open()? else { continue };
            let Some(mut walk) = root.walk(&root.locate(b"/", false)?) else {
                continue;
            };
            let mut entries = TarEntries::new(&root, &mut tar);
            while let Some(visit) = walk.next()? {
                let path = match (name.as_slice(), visit.path.as_slice()) {
                    (b"", path) | (path, b"") => path.to_vec(),
                    (name, path) => [name, b"/", path].concat(),
                };
                if path.is_empty() {
                    continue;
                }
                entries.add_changed(&path, &visit.entry, |entry| {
                    entry.modified = self.modified.unwrap_or(entry.modified);
                })?;
            }
        }
        tar.finish()?.flush()?;
        Ok(())
    }
}

/// Writes the files of the roots as a tar: to a file that is there whole or not at all, or to a stream.
pub(super) async fn write(
    execution: &Execution<'_>,
    made: &[Made],
    target: OutputTarget,
    splits_platforms: Option<bool>,
) -> Result<(), BuildError> {
    let path = match &target {
        OutputTarget::Path(path) => Some(path.clone()),
        OutputTarget::Stream(_) => None,
    };
    let failed = |error| BuildError::output(path.as_deref(), error);
    let roots = Roots::of(execution, made, splits_platforms).await.map_err(failed)?;
    let written = blocking(move || {
        let mut output = match target {
            OutputTarget::Path(path) => ArchiveOutput::to_path(&path).map_err(FilesError::from)?,
            OutputTarget::Stream(stream) => ArchiveOutput::Stream(stream),
        };
        roots.write(BufWriter::new(&mut output))?;
        Ok(output.commit().map_err(FilesError::from)?)
    });
    written.await.map_err(failed)
}
