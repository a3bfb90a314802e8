//! QEMU's program: where it is, which one it is, its version.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use container_hypervisor::{CreateError, GuestArchitecture};
use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

use super::{given_back, system};
use crate::confinement::{self, Confinement, Limits, Openable, Reach};
use crate::process::{self, Streams};

/// Time for an answer; a cold disk included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Has the dynamic loader list what it would load instead of running the program, ld.so(8).
const TRACE_LOADER: (&str, &str) = ("LD_TRACE_LOADED_OBJECTS", "1");

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

    /// All of it in words.
    pub(crate) fn describe(&self) -> String {
        let (seconds, nanoseconds) = self.modified;
        let path = self.path.display();
        format!(
            "{path} of {} bytes, changed {seconds}.{nanoseconds:09}",
            self.size_bytes
        )
    }
}

/// Name of the program that runs guests of an architecture.
pub(crate) fn name(architecture: GuestArchitecture) -> String {
    format!("qemu-system-{}", architecture.machine_name())
}

/// How to get that program.
fn install_hint(architecture: GuestArchitecture) -> String {
    let [amd64, arm64] = system::INSTALL_HINTS;
    match architecture {
        GuestArchitecture::Amd64 => amd64.to_owned(),
        GuestArchitecture::Arm64 => arm64.to_owned(),
    }
}

/// The program for guests of an architecture in `search_path` (as of `PATH`), or where this system has programs besides.
pub(crate) fn find(architecture: GuestArchitecture, search_path: &std::ffi::OsStr) -> Result<PathBuf, CreateError> {
    let name = name(architecture);
    std::env::split_paths(search_path)
        .chain(system::PROGRAM_DIRECTORIES.map(PathBuf::from))
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
        .ok_or_else(|| CreateError::ProgramMissing {
            program: name,
            hint: install_hint(architecture),
        })
}

/// What there is to know of a program that does not change with its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Examined {
    /// `QEMU 7.2.22`.
    pub(crate) version: String,
    /// The files it needs.
    pub(crate) reach: Reach,
    /// Whether it gives back what is freed of memory that it may only read.
    pub(crate) gives_readable_back: bool,
}

/// Asks the program for its version and its files.
pub(crate) async fn examine(path: &Path) -> Result<Examined, CreateError> {
    if confinement::CONFINES_FILES {
        let (loader, data) = tokio::join!(
            ask(path, &["--version"], Some(TRACE_LOADER)),
            ask(path, &["-L", "help"], None)
        );
        let listed = Reach::listed(path, &loader.unwrap_or_default(), &data.unwrap_or_default());
        if let Some(version) = confined_version(path, &listed).await {
            return Ok(Examined {
                gives_readable_back: maps_readable(&version) && given_back::trial(path, &listed).await,
                version,
                reach: listed,
            });
        }
    }
    // What it starts instead of itself cannot be known.
    let failed = |source| CreateError::File {
        what: "hypervisor program",
        path: path.to_owned(),
        source,
    };
    let text = ask(path, &["--version"], None).await.map_err(failed)?;
    let unknown = || failed(io::Error::other("it does not say which version of QEMU it is"));
    let version = parse_version(&text).ok_or_else(unknown)?;
    Ok(Examined {
        gives_readable_back: maps_readable(&version) && given_back::trial(path, &Reach::Any).await,
        version,
        reach: Reach::Any,
    })
}

/// What the program prints, without any confinement but an environment of `variable` alone: no guest has a part in it.
async fn ask(path: &Path, arguments: &[&str], variable: Option<(&str, &str)>) -> io::Result<String> {
    let mut command = tokio::process::Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .envs(variable)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(ANSWER_TIMEOUT, command.output())
        .await
        .map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The version as the program says it when it may reach no other files, if it can.
async fn confined_version(path: &Path, reach: &Reach) -> Option<String> {
    let limits = Limits::of_qemu(None);
    let confinement = Confinement::prepare(reach, &Openable::default(), limits).ok()?;
    let streams = Streams {
        input: Stdio::null(),
        output: Stdio::piped(),
    };
    let child = process::spawn(path, &["--version".into()], Vec::new(), confinement, streams).ok()?;
    let output = tokio::time::timeout(ANSWER_TIMEOUT, child.wait_with_output())
        .await
        .ok()?
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first version that maps a file as memory for itself which it may only read (`rom` of `memory-backend-file`, qapi/qom.json).
const MAPS_READABLE_SINCE: (u32, u32) = (8, 2);

/// The first version that saves a machine with a device of shared directories (`VHOST_USER_PROTOCOL_F_DEVICE_STATE`, docs/interop/vhost-user.rst).
const SAVES_FILE_SERVERS_SINCE: (u32, u32) = (8, 2);

/// Whether the program with this version maps for itself what it may only read.
pub(crate) fn maps_readable(version: &str) -> bool {
    is_since(version, MAPS_READABLE_SINCE)
}

/// Whether the program with this version saves machines whose files another process serves, if that process does its part.
pub(crate) fn saves_file_servers(version: &str) -> bool {
    is_since(version, SAVES_FILE_SERVERS_SINCE)
}

fn is_since(version: &str, since: (u32, u32)) -> bool {
    let mut numbers = version.trim_start_matches("QEMU ").split('.').map(str::parse);
    let major_minor = (numbers.next(), numbers.next());
    matches!(major_minor, (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= since)
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
    fn versions_are_compared_by_number() {
        for (version, expected) in [
            ("QEMU 7.2.22", false),
            ("QEMU 8.1.5", false),
            ("QEMU 8.2.0", true),
            ("QEMU 10.0.2", true),
            ("QEMU git", false),
        ] {
            assert_eq!(maps_readable(version), expected, "{version}");
            assert_eq!(saves_file_servers(version), expected, "{version}");
        }
    }

    #[test]
    fn a_host_without_qemu_is_told_which_program_is_missing() {
        for architecture in [GuestArchitecture::Amd64, GuestArchitecture::Arm64] {
            let error = find(architecture, std::ffi::OsStr::new("/nonexistent:relative")).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{} was not found in PATH", name(architecture))
            );
            assert!(error.hint().unwrap().contains("install"), "{error:?}");
        }
    }
}
