//! A large file of a container that runs, read from its disks on the host.
//!
//! Whatever a guest sends passes through its processor several times, and much more slowly than the host reads a disk. So the guest holds its disks still
//! while the host makes the archive of such a file, in a file without a name; it goes on before anything of that is sent, however slowly it is taken.
//!
//! It is a short cut: when anything stands in its way, the guest makes the archive. That is so where the host does not find the file, or another one than the
//! guest has there: a share, a tmpfs, what a program has mounted, a file that is being written to.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use container_durable::scratch_file;
use container_ext4::NodeKind;
use container_launcher::control::{ControlClient, v1};
use container_rootfs::{ArchiveOptions, Entry, RootError};
use container_tar::Writer;
use rustix::fs::fstatvfs;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::chunks::{CHUNK_BYTES, Chunk};
use super::disk_paths::{DiskPaths, OpenDisksError};
use crate::Cause;
use crate::error::CopyError;
use crate::frozen_disks::FrozenDisks;

/// Smallest file for which it pays that programs that write have to wait, bytes.
const SMALLEST_BYTES: u64 = 32 << 20;
/// Largest file that is likely to be read in the time for which the guest holds its disks still, bytes.
const LARGEST_BYTES: u64 = 4 << 30;
/// What has to stay free on the host's file system, bytes: a container there whose disk cannot grow stands still.
const SPARE_BYTES: u64 = 1 << 30;
/// Bytes written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Makes archives of large files of one container.
pub(super) struct Snapshots {
    disks: Arc<DiskPaths>,
    /// Where they take their space.
    place: PathBuf,
}

/// Why there is none; nobody is told.
#[derive(Debug, thiserror::Error)]
enum SnapshotError {
    #[error(transparent)]
    Open(#[from] OpenDisksError),
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the guest has another file there")]
    Another,
    #[error("there is not enough room")]
    Room,
}

impl Snapshots {
    pub(super) fn new(disks: DiskPaths, place: PathBuf) -> Self {
        Self {
            disks: Arc::new(disks),
            place,
        }
    }

    /// The archive of the file at `path`, in which it is called `called`; nothing where the guest has to make it.
    pub(super) async fn take(&self, client: &ControlClient, path: &[u8], follow: bool, called: &[u8]) -> Option<File> {
        let mut client = client.clone();
        let request = v1::StatPathRequest {
            path: path.to_vec(),
            follow,
        };
        let seen = client.stat_path(request).await.ok()?.into_inner();
        if seen.kind() != v1::FileKind::Regular || !(SMALLEST_BYTES..=LARGEST_BYTES).contains(&seen.size_bytes) {
            return None;
        }
        let frozen = FrozenDisks::hold(&mut client).await.ok()??;
        let archive = spawn_blocking({
            let work = Work {
                disks: Arc::clone(&self.disks),
                place: self.place.clone(),
                seen,
                path: path.to_vec(),
                follow,
                called: called.to_vec(),
                deadline: frozen.deadline(),
            };
            move || work.archive()
        });
        let archive = archive.await;
        frozen.were_held().await.then_some(archive)?.ok()?.ok()
    }
}

/// What the thread that reads needs.
struct Work {
    disks: Arc<DiskPaths>,
    place: PathBuf,
    seen: v1::StatPathResponse,
    path: Vec<u8>,
    follow: bool,
    called: Vec<u8>,
    deadline: Instant,
}

impl Work {
    fn archive(&self) -> Result<File, SnapshotError> {
        let view = self.disks.open()?;
        if !is_same(&view.stat(&self.path, self.follow)?, &self.seen) {
            return Err(SnapshotError::Another);
        }
        let file = scratch_file(&self.place)?;
        let room = fstatvfs(&file).map_err(io::Error::from)?;
        if room.f_bavail.saturating_mul(room.f_frsize) < self.seen.size_bytes + SPARE_BYTES {
            return Err(SnapshotError::Room);
        }
        let output = Until {
            output: file,
            deadline: self.deadline,
        };
        let mut tar = Writer::new(BufWriter::with_capacity(BUFFER_BYTES, output));
        let options = ArchiveOptions {
            follows_link: self.follow,
        };
        view.archive(&self.path, &self.called, options, &mut tar)?;
        let output = tar.finish().map_err(RootError::from)?;
        let Until { output: mut file, .. } = output.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

/// Whether the file on the disk is the one that the guest has seen. One that is written to meanwhile has another time; where something is mounted on it, all
/// that the guest says would have to be the same by chance.
fn is_same(entry: &Entry, seen: &v1::StatPathResponse) -> bool {
    let modified = entry.modified();
    entry.kind() == NodeKind::File
        && entry.size_bytes() == seen.size_bytes
        && u32::from(entry.mode()) == seen.mode
        && (modified.seconds, modified.nanoseconds) == (seen.modified_seconds, seen.modified_nanoseconds)
}

/// Fails once it is too late.
struct Until {
    output: File,
    deadline: Instant,
}

impl Write for Until {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if Instant::now() > self.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends an archive that is in a file.
pub(super) async fn send(archive: File, chunks: mpsc::Sender<Chunk>) -> Result<(), CopyError> {
    let work = move || loop {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        let read = (&archive).take(CHUNK_BYTES as u64).read_to_end(&mut bytes);
        let chunk = match read.map_err(|error| CopyError::Failed(Cause::new(error)))? {
            0 => Chunk::End,
            _ => Chunk::Bytes(bytes),
        };
        let is_last = matches!(chunk, Chunk::End);
        chunks.blocking_send(chunk).map_err(|_| CopyError::Stopped)?;
        if is_last {
            return Ok(());
        }
    };
    spawn_blocking(work).await.unwrap_or(Err(CopyError::Stopped))
}
