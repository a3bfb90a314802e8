//! `--cidfile`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use container_model::ContainerId;

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

/// The file with the id of a new container. Dropped, it is removed: the container is undone.
#[derive(Debug)]
pub(super) struct Cidfile {
    written: Option<PathBuf>,
}

impl Cidfile {
    /// Writes the id, without a line end, to a new file that everybody may read.
    pub(super) fn write(path: Option<&Path>, id: &ContainerId) -> Result<Self, CommandError> {
        let Some(path) = path else {
            return Ok(Self { written: None });
        };
        let failed = |error| cannot(format!("write the container id to {}", path.display()), error);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(path)
            .map_err(failed)?;
        // From here on the file is ours.
        let cidfile = Self {
            written: Some(path.to_owned()),
        };
        file.write_all(id.as_str().as_bytes()).map_err(failed)?;
        Ok(cidfile)
    }

    /// Leaves it: the container lasts.
    pub(super) fn keep(mut self) {
        self.written = None;
    }
}

impl Drop for Cidfile {
    fn drop(&mut self) {
        if let Some(path) = &self.written {
            // The command fails for another reason, which is told.
            let _ = fs::remove_file(path);
        }
    }
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
        Cidfile::write(Some(&path), &id).unwrap().keep();
        assert!(check(Some(&path)).is_err() && Cidfile::write(Some(&path), &id).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"web");
    }

    #[test]
    fn the_file_of_a_container_that_is_undone_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cid");
        drop(Cidfile::write(Some(&path), &"web".parse().unwrap()).unwrap());
        check(Some(&path)).unwrap();
    }
}
