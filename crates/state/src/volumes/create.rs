//! Making a volume.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use container_durable::{Record, sync_data_in_order, sync_dir, write_record};
use container_ext4::{FormatError, FormatOptions, Timestamp, WritableDisk, format_writable};
use container_model::{UnknownFields, VolumeConfig};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Body, CreateVolumeError, DATA_DIRECTORY, HeldVolumes, IMAGE_FILE, LoadVolumeError, NEW_PREFIX, OWNERS_DIRECTORY,
    RECORD_FILE, VolumeOptionError, VolumePlaceError, VolumeRequest, VolumeStore,
};

/// Bytes of a file system's label, ext4(5); a longer name is cut off.
const LABEL_BYTES: usize = 16;

impl VolumeStore {
    /// Makes a volume. It appears whole or not at all.
    ///
    /// # Errors
    /// [`CreateVolumeError::Exists`], [`CreateVolumeError::Option`], [`CreateVolumeError::Disk`].
    pub fn create(&self, request: &VolumeRequest) -> Result<VolumeConfig, CreateVolumeError> {
        self.hold()?.create(request)
    }
}

impl HeldVolumes {
    /// Makes a volume. It appears whole or not at all.
    ///
    /// # Errors
    /// As [`VolumeStore::create`].
    pub fn create(&self, request: &VolumeRequest) -> Result<VolumeConfig, CreateVolumeError> {
        request.check_options()?;
        let store = &self.store;
        let (new, path) = (store.passing(NEW_PREFIX), store.directory(&request.name));
        let created = OffsetDateTime::now_utc();
        let options = match request.is_shared() {
            true => None,
            false => Some(format_options(request, created)?),
        };
        let failed = |source| CreateVolumeError::Rename {
            path: path.clone(),
            source,
        };
        let exists = || CreateVolumeError::Exists {
            name: request.name.clone(),
        };
        if path.exists() {
            return Err(exists());
        }
        DirBuilder::new().mode(0o700).create(&new).map_err(failed)?;
        let made = || -> Result<VolumeConfig, CreateVolumeError> {
            let size_bytes = match &options {
                Some(options) => {
                    let disk = make_disk(&new.join(IMAGE_FILE), options).map_err(CreateVolumeError::Disk)?;
                    Some(disk.size_bytes)
                }
                None => {
                    make_tree(&new).map_err(failed)?;
                    None
                }
            };
            let config = VolumeConfig {
                name: request.name.clone(),
                created,
                size_bytes,
                labels: request.labels.clone(),
                options: request.options.clone(),
                unknown: UnknownFields::new(),
            };
            write_record(&new.join(RECORD_FILE), &Record::new(Body(config.clone())))?;
            match std::fs::rename(&new, &path) {
                // Another process was faster.
                Err(error) if is_taken(&error) => Err(exists()),
                renamed => renamed.map(|()| config).map_err(failed),
            }
        }();
        if made.is_err() {
            let _ = std::fs::remove_dir_all(&new);
        }
        let config = made?;
        sync_dir(&store.directory).map_err(VolumePlaceError::from)?;
        Ok(config)
    }

    /// The volume of this name, made if it is not there; whether it was made.
    ///
    /// # Errors
    /// As [`VolumeStore::create`]; a record that cannot be read is [`CreateVolumeError::Load`].
    pub fn ensure(&self, request: &VolumeRequest) -> Result<(VolumeConfig, bool), CreateVolumeError> {
        match self.store.load(&request.name) {
            Err(LoadVolumeError::NotFound { .. }) => {}
            found => return Ok((found?, false)),
        }
        match self.create(request) {
            // Another process was faster, and it cannot be deleted by now.
            Err(CreateVolumeError::Exists { .. }) => Ok((self.store.load(&request.name)?, false)),
            made => Ok((made?, true)),
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists)
}

/// The file system of a volume that is a disk.
fn format_options(request: &VolumeRequest, created: OffsetDateTime) -> Result<FormatOptions, VolumeOptionError> {
    Ok(FormatOptions {
        size_bytes: request.size_bytes()?,
        uuid: Uuid::new_v4().into_bytes(),
        label: request.name.as_str().chars().take(LABEL_BYTES).collect(),
        made: Timestamp {
            seconds: created.unix_timestamp(),
            nanoseconds: created.nanosecond(),
        },
        root: (0o755, 0, 0),
        directories: Vec::new(),
        journal: Some(request.journal()?),
    })
}

/// Makes the directories of a volume that machines share.
fn make_tree(volume: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(volume.join(OWNERS_DIRECTORY))?;
    let data = volume.join(DATA_DIRECTORY);
    std::fs::create_dir(&data)?;
    // Whatever the umask: the root of a volume is everybody's to enter. Nobody else of the host comes as far as this.
    std::fs::set_permissions(&data, Permissions::from_mode(0o755))
}

/// Writes the empty file system of a volume, durably.
fn make_disk(path: &Path, options: &FormatOptions) -> Result<WritableDisk, FormatError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let disk = format_writable(&mut file, options)?;
    sync_data_in_order(&file)?;
    Ok(disk)
}
