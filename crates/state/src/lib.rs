//! Records, locks and crash repair of containers, and the volumes that they use.
//!
//! [`AppPaths`] says where everything lies, [`ContainerStore`] keeps one directory per container, [`VolumeStore`] one per volume. The owner of a running
//! container holds its lock ([`ContainerLock`]) and is the only one to write its state. A state that says "running" while the lock is
//! free means that the owner died; a read of the container repairs the record then ([`container_model::Standing`]). A container whose
//! maker died before the user was told of it ([`NewContainer`]) is removed in the same way. What happens is told in an [`EventLog`]. Everything here is synchronous and small;
//! async callers run it on a blocking thread.

mod bundle;
mod discard;
mod error;
mod event_log;
mod lock;
mod output_log;
mod paths;
mod platform;
mod record;
mod root_disk;
mod store;
mod untouched;
mod volume_users;
mod volumes;

pub use bundle::{Bundle, ROOT_DISK_FILE, previous_log};
pub use error::{
    CreateError, DeleteError, FindError, KeepError, ListError, LoadError, OwnError, RenameError, ReserveError,
    StateError,
};
pub use event_log::{EventFollower, EventLog, EventsFrom};
pub use lock::{AnonymousVolumes, ContainerLock, Remains};
pub use output_log::{
    Backwards, FILE_MARK, Forwards, OutputLogFiles, PAYLOAD_MAX_BYTES, Placed, RECORD_OVERHEAD_BYTES, Record,
    RecordError,
};
pub use paths::{AppPaths, PathsError};
pub use platform::SOCKET_PATH_MAX_BYTES;
pub use root_disk::{RootDiskError, RootDiskFormat, make_root_disk};
pub use store::{Container, ContainerStore, DamagedContainer, Listing, NewContainer};
pub use volume_users::VolumeUsers;
pub use volumes::{
    CreateVolumeError, DamagedVolume, DeleteVolumeError, FillingError, HeldVolumes, LeaseError, ListVolumesError,
    LoadVolumeError, VolumeFilling, VolumeLease, VolumeListing, VolumeOptionError, VolumePlaceError, VolumeRequest,
    VolumeStore, VolumeUse,
};
