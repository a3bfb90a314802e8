//! QEMU's program: where it is, which one it is, its version.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use container_hypervisor::CreateError;
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

/// Time for `--version`; a cold disk included.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A QEMU program as it was when something was found out with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgramIdentity {
    pub(crate) path: PathBuf,
    size_bytes: u64,
    /// Time of the last change, seconds and nanoseconds.
    modified: (i64, i64),
}

impl ProgramIdentity {
    pub(crate) fn of(path: PathBuf) -> Result<Self, CreateError> {
        let metadata = std::fs::metadata(&path).map_err(|source| CreateError::File {
            what: "hypervisor program",
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            path,
            size_bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// Name of the program that runs guests of the host's architecture.
pub(crate) fn name() -> String {
    format!("qemu-system-{}", std::env::consts::ARCH)
}

/// The program in `search_path` (as of `PATH`).
pub(crate) fn find(search_path: &std::ffi::OsStr) -> Result<PathBuf, CreateError> {
    let name = name();
    std::env::split_paths(search_path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
        .ok_or(CreateError::ProgramMissing { program: name })
}

/// Asks the program for its version: `QEMU 7.2.22`.
pub(crate) async fn version(path: &Path) -> Result<String, CreateError> {
    let failed = |source| CreateError::File {
        what: "hypervisor program",
        path: path.to_owned(),
        source,
    };
    let mut command = tokio::process::Command::new(path);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(VERSION_TIMEOUT, command.output())
        .await
        .map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))?
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text).ok_or_else(|| failed(std::io::Error::other("it does not say which version of QEMU it is")))
}

fn parse_version(text: &str) -> Option<String> {
    let rest = text.lines().next()?.strip_prefix("QEMU emulator version ")?;
    let number = rest
        .split([' ', '('])
        .next()
        .filter(|number| number.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(format!("QEMU {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_taken_without_the_distribution_s_suffix() {
        let debian =
            "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022 Fabrice\n";
        assert_eq!(parse_version(debian).as_deref(), Some("QEMU 7.2.22"));
        assert_eq!(
            parse_version("QEMU emulator version 10.1.0\n").as_deref(),
            Some("QEMU 10.1.0")
        );
        assert_eq!(parse_version("busybox v1.35"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn a_host_without_qemu_is_told_which_program_is_missing() {
        let error = find(std::ffi::OsStr::new("/nonexistent:relative")).unwrap_err();
        assert_eq!(error.to_string(), format!("{} was not found in PATH", name()));
    }
}
