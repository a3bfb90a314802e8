//! Files that survive: write-by-rename, locks that end with their owner, private directories, versioned JSON records; and what file
//! systems do differently on Linux and macOS: syncing, clones, holes, files without a name.
//!
//! Everything here is synchronous and small; async callers run it on a blocking thread.

mod claim;
mod copy;
#[cfg(target_os = "macos")]
mod darwin;
mod directory;
mod hole;
mod lock;
mod nameless;
mod record;
mod replace;
mod sync;
mod unsupported;

pub use claim::{ClaimError, claim_private_dir};
pub use copy::{Copied, CopyError, copy_file};
pub use directory::{DirectoryError, create_private_dir, sync_dir};
pub use hole::punch_hole;
pub use lock::{FileLock, LockError, LockMode, is_held};
pub use nameless::{create_nameless, give_name};
pub use record::{Record, RecordBody, RecordError, read_record, write_record};
pub use replace::{ReplaceError, replace, sweep};
pub use sync::{sync_data_in_order, sync_in_order, sync_to_drive};
