//! The host's own files.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use container_tree::{Attributes, Extraction, Owners, PackError, extract, pack};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::chunks::{Chunk, ChunkReader, ChunkWriter};
use super::tree::{PathKind, PathStatus, Tree};
use crate::Cause;
use crate::error::CopyError;

/// As many links as the kernel follows, `MAXSYMLINKS` in linux/namei.h.
const LINKS_MAX: usize = 40;

/// The file system as the calling user sees it.
pub(super) struct HostTree;

#[async_trait]
impl Tree for HostTree {
    async fn stat(&self, path: &[u8], follow: bool) -> Result<PathStatus, CopyError> {
        let path = OsStr::from_bytes(path);
        let failed = |source| CopyError::Look {
            place: path.display().to_string(),
            source: Cause::new(source),
        };
        let resolved = match follow {
            true => resolve(Path::new(path)).map_err(failed)?,
            false => PathBuf::from(path),
        };
        let kind = match fs::symlink_metadata(&resolved) {
            Ok(found) if found.is_dir() => Some(PathKind::Directory),
            Ok(_) => Some(PathKind::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(PathStatus {
            kind,
            resolved: resolved.into_os_string().as_bytes().to_vec(),
        })
    }

    async fn read(
        &self,
        path: &[u8],
        follow: bool,
        called: &[u8],
        chunks: mpsc::Sender<Chunk>,
    ) -> Result<(), CopyError> {
        let resolved = self.stat(path, follow).await?.resolved;
        let called = called.to_vec();
        let work = move || {
            let path = Path::new(OsStr::from_bytes(&resolved));
            // A path such as `a/..` is that of a directory, and has no name in another one.
            let (parent, name) = match (path.parent(), path.file_name()) {
                (Some(parent), Some(name)) if !resolved.ends_with(b"/.") => (parent, name),
                _ => (path, OsStr::new(".")),
            };
            let parent = if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            };
            let failed = |source| CopyError::Look {
                place: path.display().to_string(),
                source: Cause::new(source),
            };
            let directory = File::open(parent).map_err(failed)?;
            let packed = pack(
                directory.as_fd(),
                name,
                &called,
                &Attributes::Portable,
                ChunkWriter::new(chunks),
            );
            match packed {
                Ok(writer) => writer.finish().map_err(|_| CopyError::Stopped),
                Err(PackError::Tar(error)) if is_broken_pipe(&error) => Err(CopyError::Stopped),
                Err(error) => Err(CopyError::Failed(Cause::new(error))),
            }
        };
        spawn_blocking(work).await.unwrap_or(Err(CopyError::Stopped))
    }

    async fn write(&self, directory: &[u8], owners: Owners, chunks: mpsc::Receiver<Chunk>) -> Result<(), CopyError> {
        let path = PathBuf::from(OsStr::from_bytes(directory));
        // Only root can give files away.
        let owners = match owners {
            Owners::Stream if !is_root() => Owners::Caller,
            owners => owners,
        };
        let work = move || {
            let directory = File::open(&path).map_err(|source| CopyError::Look {
                place: path.display().to_string(),
                source: Cause::new(source),
            })?;
            let extraction = Extraction {
                owners,
                attributes: Attributes::Portable,
                is_layer: false,
            };
            let mut reader = ChunkReader::new(chunks);
            extract(directory.as_fd(), &mut reader, &extraction)
                .map_err(|error| CopyError::Failed(Cause::new(error)))?;
            // What follows the end of the archive: the other end must be able to send it.
            io::copy(&mut reader, &mut io::sink())
                .map(drop)
                .map_err(|error| CopyError::Failed(Cause::new(error)))
        };
        spawn_blocking(work).await.unwrap_or(Err(CopyError::Stopped))
    }
}

/// Follows links at the end of a path, also to where nothing is.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        // Without a slash at the end, behind which the system would follow a link itself.
        let trimmed: PathBuf = if path.as_os_str().as_bytes().ends_with(b"/.") {
            path.clone()
        } else {
            path.components().collect()
        };
        match fs::read_link(&trimmed) {
            Ok(target) => path = trimmed.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::from(rustix::io::Errno::LOOP))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::BrokenPipe;
        }
        next = error.source();
    }
    false
}
