//! Files that survive: write-by-rename, locks that end with their owner, private directories, versioned JSON records; and what file
//! systems do differently on Linux and macOS: syncing, clones, holes, files without a name, which boot of the host this is. And logs, of which a full disk costs lines only.
//!
//! Everything here is synchronous and small; async callers run it on a blocking thread.

mod boot;
mod claim;
mod copy;
#[cfg(target_os = "macos")]
mod darwin;
mod data;
mod directory;
mod hole;
mod identity;
mod lock;
mod lossy_log;
mod nameless;
mod record;
mod replace;
mod replacement;
mod reserve;
mod sync;
mod unsupported;

pub use boot::boot_id;
pub use claim::{ClaimError, claim_private_dir};
pub use copy::{CopyError, copy_nameless};
pub use data::next_data;
pub use directory::{DirectoryError, create_private_dir, sync_dir};
pub use hole::{punch_data, punch_hole};
pub use identity::{CHANGE_TIME_TICK, FileIdentity};
pub use lock::{FileLock, LockError, LockMode, is_held};
pub use lossy_log::LossyLog;
pub use nameless::{create_nameless, give_name, scratch_file};
pub use record::{Record, RecordBody, RecordError, place_record, read_record, write_last_record, write_record};
pub use replace::{ReplaceError, replace, sweep};
pub use replacement::Replacement;
pub use reserve::Reserve;
pub use sync::{sync_data_in_order, sync_in_order, sync_to_drive};
