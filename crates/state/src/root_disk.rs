//! The writable disk of a container, empty.

use std::fs::File;
use std::path::{Path, PathBuf};

use container_ext4::{FormatError, FormatOptions, Journal, Timestamp};
use time::OffsetDateTime;

/// What the writable disk of a container is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootDiskFormat {
    /// Its size as the container sees it, bytes.
    pub size_bytes: u64,
    /// Whether it has a journal. A container that is removed at its end never needs its disk after a crash.
    pub has_journal: bool,
    /// When it is said to be made.
    pub made: OffsetDateTime,
}

/// The writable disk of a container could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the writable disk {}: {source}", path.display())]
pub struct RootDiskError {
    path: PathBuf,
    source: FormatError,
}

/// Makes the writable disk of a container at `path`, where there is nothing. It is not synced.
///
/// # Errors
/// [`RootDiskError`].
pub fn make_root_disk(path: &Path, format: &RootDiskFormat) -> Result<(), RootDiskError> {
    let options = FormatOptions {
        size_bytes: format.size_bytes,
        uuid: uuid::Uuid::new_v4().into_bytes(),
        label: "container".to_owned(),
        made: Timestamp {
            seconds: format.made.unix_timestamp(),
            nanoseconds: format.made.nanosecond(),
        },
        root: (0o755, 0, 0),
        // Else the guest makes them, and the start of the container waits for that.
        directories: ["upper", "work"].map(str::to_owned).to_vec(),
        journal: format.has_journal.then(Journal::default),
    };
    File::create_new(path)
        .map_err(FormatError::from)
        .and_then(|mut file| container_ext4::format_writable(&mut file, &options))
        .map(drop)
        .map_err(|source| RootDiskError {
            path: path.to_owned(),
            source,
        })
}
