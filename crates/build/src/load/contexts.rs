//! Contexts, from where they are to what they have.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container_build_context::{Context, TarLimits, is_archive};
use container_tar::{Entry, EntryKind, Timestamp, Writer};

use crate::address::Address;
use crate::remote::{RemoteFile, RemoteTree, Remotes};
use crate::request::{ContextSource, NamedContextSource};
use crate::{BuildError, FilesError};

/// What a named context calls the file that it is, as BuildKit does.
const FILE_NAME: &str = "context";
const FILE_MODE: u16 = 0o600;
/// Enough to tell an archive from a Dockerfile.
const HEAD_BYTES: u64 = 512;

/// A context whose files are on this machine.
pub(crate) enum LocalContext {
    Empty,
    Directory(PathBuf),
    /// A tar or a Dockerfile, and when a server says that it was changed last.
    Stream(Box<dyn Read + Send>, Option<Timestamp>),
    /// A directory of a repository.
    Tree(Arc<RemoteTree>, String),
    /// A file alone.
    File(RemoteFile),
}

/// A context that is open, or the Dockerfile that came in its place.
pub(super) enum Opened {
    Context(Context),
    /// A stream that ended at once is a context without files.
    EmptyStream(Context),
    Dockerfile(Box<dyn Read + Send>),
}

impl LocalContext {
    /// Fetches a context, if it is on another machine. `keeps_git_dir` is for repositories whose address does not say it.
    pub(crate) async fn of(source: ContextSource, remotes: &Remotes, keeps_git_dir: bool) -> Result<Self, BuildError> {
        Ok(match source {
            ContextSource::Empty => Self::Empty,
            ContextSource::Directory(path) => Self::Directory(path),
            ContextSource::Stream(stream) => Self::Stream(stream, None),
            ContextSource::Address(Address::Web(address)) => {
                let file = remotes.file(&address, None).await?;
                Self::Stream(Box::new(file.reader()), file.last_modified)
            }
            ContextSource::Address(Address::Git(address)) => {
                let keeps_git_dir = address.keeps_git_dir.unwrap_or(keeps_git_dir);
                Self::Tree(remotes.tree(&address, keeps_git_dir).await?, address.subdirectory)
            }
        })
    }

    /// The files of a named context; `None` for an image.
    pub(crate) async fn named(
        source: &NamedContextSource,
        remotes: &Remotes,
        keeps_git_dir: bool,
    ) -> Result<Option<Self>, BuildError> {
        let source = match source {
            NamedContextSource::Image(_) | NamedContextSource::Layout { .. } => return Ok(None),
            NamedContextSource::Directory(path) => ContextSource::Directory(path.clone()),
            NamedContextSource::Address(Address::Web(address)) => {
                return Ok(Some(Self::File(remotes.file(address, None).await?)));
            }
            NamedContextSource::Address(address) => ContextSource::Address(address.clone()),
        };
        Self::of(source, remotes, keeps_git_dir).await.map(Some)
    }

    /// When all of it was made, in seconds since 1970, if somebody says so: the commit, or the server.
    pub(super) fn unix_seconds(&self) -> Option<i64> {
        match self {
            Self::Tree(tree, _) => Some(tree.commit_unix_seconds()),
            Self::Stream(_, modified) => modified.map(|modified| modified.seconds),
            Self::Empty | Self::Directory(_) | Self::File(_) => None,
        }
    }

    /// Opens it. A stream that is no archive is the Dockerfile. This blocks.
    pub(super) fn open(self, scratch: &Path) -> Result<Opened, BuildError> {
        let context = match self {
            Self::Empty => empty(scratch)?,
            Self::Directory(path) => Context::open(&path)?,
            Self::Tree(tree, subdirectory) => tree.open(&subdirectory)?,
            Self::File(file) => of_file(&file, scratch)?,
            Self::Stream(mut stream, _) => {
                let mut head = Vec::new();
                let read = stream.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
                read.map_err(|source| BuildError::ContextStream { source })?;
                let is_archive = is_archive(&head);
                let is_empty = head.is_empty();
                let stream = Cursor::new(head).chain(stream);
                match is_archive {
                    true if is_empty => return Ok(Opened::EmptyStream(empty(scratch)?)),
                    true => of_tar(stream, scratch)?,
                    false => return Ok(Opened::Dockerfile(Box::new(stream))),
                }
            }
        };
        Ok(Opened::Context(context))
    }
}

/// A context without files.
pub(super) fn empty(scratch: &Path) -> Result<Context, BuildError> {
    of_tar(io::empty(), scratch)
}

fn of_tar(stream: impl Read, scratch: &Path) -> Result<Context, BuildError> {
    Ok(Context::from_tar(stream, scratch, &TarLimits::default())?)
}

/// A context with a file alone: the tar of it, made while it is read.
fn of_file(file: &RemoteFile, scratch: &Path) -> Result<Context, BuildError> {
    let entry = Entry {
        path: FILE_NAME.as_bytes().to_vec(),
        kind: EntryKind::File {
            size_bytes: file.size_bytes,
            regions: None,
        },
        mode: FILE_MODE,
        uid: 0,
        gid: 0,
        modified: file.modified(),
        xattrs: Vec::new(),
    };
    let mut head = Vec::new();
    let begun = Writer::new(&mut head).begin(&entry);
    begun.map_err(|error| BuildError::ContextFile(FilesError::from(error)))?;
    // Content is followed by zeros up to a whole block, and the archive by two blocks of zeros.
    let rest = file.size_bytes.next_multiple_of(HEAD_BYTES) - file.size_bytes;
    let end = io::repeat(0).take(rest + 2 * HEAD_BYTES);
    of_tar(Cursor::new(head).chain(file.reader()).chain(end), scratch)
}
