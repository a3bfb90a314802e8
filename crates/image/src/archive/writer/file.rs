//! Where an archive goes: a file that is there whole or not at all, or a stream.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use container_durable::{create_nameless, give_name, sync_in_order, sync_to_drive};

/// Somewhere to write an archive.
pub enum Output {
    /// A file that gets its name when it is complete.
    File(PendingFile),
    /// A stream: what has been written cannot be taken back.
    Stream(Box<dyn Write + Send>),
}

/// A file without its name.
pub struct PendingFile {
    file: File,
    dest: PathBuf,
    /// The name that it has meanwhile; `None` where the system keeps files without a name, which no kill can leave behind.
    unfinished: Option<PathBuf>,
}

impl Output {
    /// A file that will replace `dest`. Where that is a pipe or a device, it is written to as it is.
    ///
    /// # Errors
    /// What the system says.
    pub fn to_path(dest: &Path) -> io::Result<Self> {
        let dest = match std::fs::metadata(dest) {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self::Stream(Box::new(OpenOptions::new().write(true).open(dest)?)));
            }
            // What a link points at is replaced, not the link.
            Ok(_) => dest.canonicalize()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => dest.to_owned(),
            Err(error) => return Err(error),
        };
        if let Some(file) = create_nameless(parent(&dest)) {
            let unfinished = None;
            return Ok(Self::File(PendingFile { file, dest, unfinished }));
        }
        let path = beside(&dest)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let unfinished = Some(path);
        Ok(Self::File(PendingFile { file, dest, unfinished }))
    }

    /// Makes what has been written durable and gives it its name.
    ///
    /// # Errors
    /// What the system says; what had the name before then still has it.
    pub fn commit(self) -> io::Result<()> {
        match self {
            Self::File(pending) => pending.commit(),
            Self::Stream(mut stream) => stream.flush(),
        }
    }
}

impl PendingFile {
    fn commit(mut self) -> io::Result<()> {
        sync_in_order(&self.file)?;
        let path = match &self.unfinished {
            Some(path) => path.clone(),
            None => {
                let path = beside(&self.dest)?;
                give_name(&self.file, &path)?;
                self.unfinished.insert(path).clone()
            }
        };
        std::fs::rename(&path, &self.dest)?;
        self.unfinished = None;
        sync_to_drive(&File::open(parent(&self.dest))?)
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Some(path) = &self.unfinished
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove an unfinished archive");
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(pending) => pending.file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(pending) => pending.file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// A new temporary name in the directory of `dest`.
pub(super) fn beside(dest: &Path) -> io::Result<PathBuf> {
    let name = dest.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut unfinished = std::ffi::OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{}.partial", uuid::Uuid::new_v4().simple()));
    Ok(dest.with_file_name(unfinished))
}

/// The directory in which `path` is.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
