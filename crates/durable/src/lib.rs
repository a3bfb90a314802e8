//! Files that survive: write-by-rename, locks that end with their owner, private directories, versioned JSON records.
//!
//! Everything here is synchronous and small; async callers run it on a blocking thread.

mod directory;
mod lock;
mod record;
mod replace;

pub use directory::{DirectoryError, create_private_dir, sync_dir};
pub use lock::{FileLock, LockError, LockMode, is_held};
pub use record::{Record, RecordBody, RecordError, read_record, write_record};
pub use replace::{ReplaceError, replace, sweep};
