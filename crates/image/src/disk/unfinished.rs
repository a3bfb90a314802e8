//! A disk in the making: a file of the session until it gets its name.

use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use container_durable::{sync_data_in_order, sync_dir};
use container_model::Layer;

use super::record::{DiskRecord, write_record};
use super::{DiskError, LayerDisk};
use crate::content::{ContentError, Session, StorePaths};

/// Removed again unless it gets its name.
pub(super) struct Unfinished {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Unfinished {
    pub(super) fn create(session: &Session) -> Result<Self, DiskError> {
        let path = session.file()?;
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|source| ContentError::io("create", &path, source))?;
        Ok(Self { file, path })
    }

    /// Where its scratch file goes.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Empties the file.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()
    }

    /// Makes the disk durable, then visible.
    pub(super) fn publish(self, paths: &StorePaths, layer: Layer, record: DiskRecord) -> Result<LayerDisk, DiskError> {
        let io_error = |action: &'static str| {
            let path = self.path.clone();
            move |source| DiskError::Content(ContentError::io(action, &path, source))
        };
        sync_data_in_order(&self.file).map_err(io_error("sync"))?;
        let size_bytes = self.file.metadata().map_err(io_error("read"))?.len();
        // A disk of an older format is removed first, so that the new record does not describe it.
        let path = paths.disk(&record.id);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(io_error("replace")(source)),
            _ => {}
        }
        let unfinished_record = self.path.with_extension("json");
        write_record(&unfinished_record, &record)?;
        fs::rename(&unfinished_record, paths.disk_record(&record.id)).map_err(io_error("rename"))?;
        sync_dir(&paths.layer_dir()).map_err(ContentError::from)?;
        fs::rename(&self.path, &path).map_err(io_error("rename"))?;
        sync_dir(&paths.layer_dir()).map_err(ContentError::from)?;
        Ok(LayerDisk {
            layer,
            path,
            size_bytes,
            entries: record.entries,
            stacking: record.stacking,
            merge: record.merge,
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it got its name; what cannot be removed now goes with the session.
        let _ = fs::remove_file(&self.path);
    }
}
