//! Finds the program as execvp(3) would, but distinguishes "missing" from "not executable". The calling process already has the rights
//! of the program's user.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::failure::{StartFailure, StartFailureKind, reason};

/// Search path of a process whose environment has none, as in Docker.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The path to execute for `name`; relative results are relative to the working directory.
///
/// # Errors
/// `NotFound` or `NotExecutable`, with the text that Docker's users know.
pub(crate) fn find(name: &str, search_path: &str) -> Result<PathBuf, StartFailure> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let mut denied = false;
    for directory in search_path.split(':').filter(|_| !name.is_empty()) {
        // An empty entry means the working directory, exec(3).
        let candidate = Path::new(if directory.is_empty() { "." } else { directory }).join(name);
        match std::fs::metadata(&candidate) {
            Ok(metadata) if metadata.is_file() => {}
            // The program may be in a directory that this user may not search.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                denied = true;
                continue;
            }
            _ => continue,
        }
        if accessat(CWD, &candidate, Access::EXEC_OK, AtFlags::EACCESS).is_ok() {
            return Ok(candidate);
        }
        denied = true;
    }
    if denied {
        return Err(StartFailure::new(
            StartFailureKind::NotExecutable,
            format!("exec: \"{name}\": permission denied"),
        ));
    }
    Err(StartFailure::new(
        StartFailureKind::NotFound,
        format!("exec: \"{name}\": executable file not found in $PATH"),
    ))
}

/// What an error of execve(2) for `path` means.
pub(crate) fn exec_failure(path: &Path, error: &std::io::Error) -> StartFailure {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => StartFailureKind::NotFound,
        _ => StartFailureKind::NotExecutable,
    };
    StartFailure::new(kind, format!("exec: \"{}\": {}", path.display(), reason(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn place(directory: &Path, name: &str, mode: u32) {
        let path = directory.join(name);
        std::fs::write(&path, b"#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn first_executable_in_the_search_path_wins() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        place(one.path(), "tool", 0o644);
        place(two.path(), "tool", 0o755);
        let search = format!("/nowhere:{}:{}", one.path().display(), two.path().display());
        assert_eq!(find("tool", &search).unwrap(), two.path().join("tool"));
    }

    #[test]
    fn a_file_without_the_x_bit_is_not_executable() {
        let one = tempfile::tempdir().unwrap();
        place(one.path(), "tool", 0o644);
        let failure = find("tool", &one.path().display().to_string()).unwrap_err();
        assert_eq!(failure.kind, StartFailureKind::NotExecutable);
    }

    #[test]
    fn directories_and_missing_names_are_not_found() {
        let one = tempfile::tempdir().unwrap();
        std::fs::create_dir(one.path().join("tool")).unwrap();
        let search = one.path().display().to_string();
        assert_eq!(find("tool", &search).unwrap_err().kind, StartFailureKind::NotFound);
        assert_eq!(find("", &search).unwrap_err().kind, StartFailureKind::NotFound);
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched_for() {
        assert_eq!(find("./tool", "/bin").unwrap(), PathBuf::from("./tool"));
    }
}
