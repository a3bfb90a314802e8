//! Files without a name, for what need not be in memory.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use uuid::Uuid;

/// A new empty file on the file system of `directory`. It goes with its last descriptor.
pub(super) fn unnamed_file(directory: &Path) -> io::Result<File> {
    let path = directory.join(format!("scratch-{}", Uuid::new_v4().simple()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}
