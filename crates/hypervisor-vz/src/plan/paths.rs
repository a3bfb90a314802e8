//! Paths as the framework has them.

use std::io;
use std::path::PathBuf;

use container_hypervisor::CreateError;

/// The path as text: the framework's URLs are made of text. File names of a Mac always are; those of other hosts may be anything.
pub(super) fn text(what: &'static str, path: PathBuf) -> Result<String, CreateError> {
    let is_text = |path: &str| !path.is_empty() && !path.contains('\0');
    match path.into_os_string().into_string() {
        Ok(path) if is_text(&path) => Ok(path),
        Ok(path) => Err(refused(what, path.into())),
        Err(path) => Err(refused(what, path.into())),
    }
}

fn refused(what: &'static str, path: PathBuf) -> CreateError {
    let source = io::Error::new(io::ErrorKind::InvalidInput, "the path is no text");
    CreateError::File { what, path, source }
}
