//! `--cidfile`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use container_engine::model::ContainerId;

use crate::error::{CommandError, cannot};

/// Refuses a file that is there already: it may belong to another container.
pub(super) fn check(path: Option<&Path>) -> Result<(), CommandError> {
    match path {
        Some(path) if path.symlink_metadata().is_ok() => Err(cannot(
            format!("write the container id to {}", path.display()),
            "the file exists",
        )
        .with_hint(format!("rm {}", path.display()))),
        _ => Ok(()),
    }
}

/// Writes the id, without a line end, to a new file that everybody may read.
pub(super) fn write(path: Option<&Path>, id: &ContainerId) -> Result<(), CommandError> {
    let Some(path) = path else { return Ok(()) };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .and_then(|mut file| file.write_all(id.as_str().as_bytes()))
        .map_err(|error| cannot(format!("write the container id to {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_new_and_has_no_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cid");
        let id: ContainerId = "web".parse().unwrap();
        check(Some(&path)).unwrap();
        write(Some(&path), &id).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"web");
        assert!(check(Some(&path)).is_err() && write(Some(&path), &id).is_err());
    }
}
