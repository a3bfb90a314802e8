//! What a copy takes from other machines.

use std::io::{Read, Write};
use std::sync::Arc;

use container_build_context::SelectOptions;

use super::Execution;
use super::key::FetchedKey;
use crate::files::{ArchiveContent, LayerWriter, copy_context, copy_document, unpack};
use crate::plan::{CopySource, CopyStep};
use crate::remote::{RemoteFile, RemoteTree};
use crate::{FilesError, StepError};

/// The mode of a file that was fetched.
const FILE_MODE: u16 = 0o600;

/// Something that was fetched, and is to be copied.
pub(super) enum Fetched {
    File {
        file: RemoteFile,
        name: String,
        unpacks: bool,
    },
    Tree {
        tree: Arc<RemoteTree>,
        subdirectory: String,
    },
}

impl Execution<'_> {
    /// By what the sources of a step count that have to be fetched, in order. A file whose checksum is given is not fetched for that.
    pub(super) async fn fetched_keys(&self, step: &CopyStep) -> Result<Vec<FetchedKey>, StepError> {
        let mut keys = Vec::new();
        for source in &step.sources {
            keys.push(match source {
                CopySource::Url {
                    address,
                    name,
                    checksum,
                    unpacks,
                } => FetchedKey::File {
                    name: name.clone(),
                    digest: match checksum {
                        Some(checksum) => *checksum,
                        None => self.remotes.file(address, None).await?.digest,
                    },
                    unpacks: *unpacks,
                },
                CopySource::Git { address, keeps_git_dir } => FetchedKey::Tree {
                    commit: self.remotes.revision(address).await?.commit,
                    subdirectory: address.subdirectory.clone(),
                    keeps_git_dir: *keeps_git_dir,
                    skips_submodules: address.skips_submodules,
                },
                CopySource::Path(_) | CopySource::Document { .. } => continue,
            });
        }
        Ok(keys)
    }

    /// What has to be fetched for a step. Nothing is fetched twice in a build, so that it is what the step counts by.
    pub(super) async fn fetched(&self, step: &CopyStep) -> Result<Vec<Fetched>, StepError> {
        let mut fetched = Vec::new();
        for source in &step.sources {
            fetched.push(match source {
                CopySource::Url {
                    address,
                    name,
                    checksum,
                    unpacks,
                } => Fetched::File {
                    file: self.remotes.file(address, checksum.as_ref()).await?,
                    name: name.clone(),
                    unpacks: *unpacks,
                },
                CopySource::Git { address, keeps_git_dir } => Fetched::Tree {
                    tree: self.remotes.tree(address, *keeps_git_dir).await?,
                    subdirectory: address.subdirectory.clone(),
                },
                CopySource::Path(_) | CopySource::Document { .. } => continue,
            });
        }
        Ok(fetched)
    }
}

impl Fetched {
    /// Copies it to where the step says.
    pub(super) fn copy<W: Write>(self, layer: &mut LayerWriter<'_, W>, step: &CopyStep) -> Result<(), StepError> {
        match self {
            Self::File {
                mut file,
                name,
                unpacks,
            } => {
                if unpacks && unpack(layer, name.as_bytes(), &step.destination, &mut file)? {
                    return Ok(());
                }
                let content = (file.reader(), file.size_bytes);
                let dress = (FILE_MODE, Some(file.modified()));
                Ok(copy_document(layer, &name, content, dress, &step.destination)?)
            }
            Self::Tree { tree, subdirectory } => {
                let context = tree.open(&subdirectory)?;
                let options = SelectOptions {
                    exclude: step.excludes.clone(),
                    parents: false,
                };
                let selection = context.select(&["/"], &options).map_err(FilesError::from)?;
                Ok(copy_context(layer, &selection, &step.destination, false)?)
            }
        }
    }
}

impl ArchiveContent for RemoteFile {
    fn restarted(&mut self) -> impl Read {
        self.reader()
    }
}
