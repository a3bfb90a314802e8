//! Flags of `run` and `create` about what programs may do, besides their capabilities.

use std::fs;

use clap::Args;
use container_engine::{DeviceRequest, SeccompRequest, SecurityRequest};

use super::security_opt::SecurityOption;
use crate::error::{CommandError, cannot};

/// What programs may do.
#[derive(Debug, Args)]
#[command(next_help_heading = "Security options")]
pub(crate) struct SecurityFlags {
    /// Hide a path from programs besides the usual ones; NONE takes away what comes before it
    #[arg(long, value_name = "PATH")]
    masked_path: Vec<String>,

    /// Keep programs from writing to a path besides the usual ones; NONE takes away what comes before it
    #[arg(long, value_name = "PATH")]
    read_only_path: Vec<String>,

    /// no-new-privileges, seccomp=FILE, seccomp=unconfined or systempaths=unconfined
    #[arg(long, value_name = "OPTION")]
    security_opt: Vec<SecurityOption>,

    /// Limit programs by nothing but the machine: all capabilities, all its devices, no seccomp, no masked or read-only paths
    #[arg(long)]
    privileged: bool,

    /// Give the container a device of its machine
    #[arg(long, value_name = "PATH[:TARGET][:rwm]", value_parser = device)]
    device: Vec<DeviceRequest>,
}

impl SecurityFlags {
    /// What they ask for; the last of several options about one thing counts.
    ///
    /// # Errors
    /// When a profile's file cannot be read.
    pub(crate) fn request(self) -> Result<SecurityRequest, CommandError> {
        let mut request = SecurityRequest {
            masked_paths: self.masked_path,
            readonly_paths: self.read_only_path,
            privileged: self.privileged,
            devices: self.device,
            ..SecurityRequest::default()
        };
        for option in self.security_opt {
            match option {
                SecurityOption::NoNewPrivileges(is_set) => request.no_new_privileges = is_set,
                SecurityOption::Seccomp(true) => request.seccomp = SeccompRequest::Default,
                SecurityOption::Seccomp(false) => request.seccomp = SeccompRequest::Unconfined,
                SecurityOption::SeccompFile(file) => {
                    let read = fs::read_to_string(&file);
                    let text = read
                        .map_err(|error| cannot(format_args!("read the seccomp profile {}", file.display()), error))?;
                    request.seccomp = SeccompRequest::Profile { file, text };
                }
                SecurityOption::SystemPathsUnconfined => request.system_paths_unconfined = true,
                SecurityOption::AsItIs => {}
            }
        }
        Ok(request)
    }
}

/// As in Docker: the second of two parts is the access if it can be.
fn device(text: &str) -> Result<DeviceRequest, String> {
    let is_access = |part: &str| !part.is_empty() && part.bytes().all(|byte| b"rwm".contains(&byte));
    let parts: Vec<&str> = text.split(':').collect();
    let (path, target, access) = match parts[..] {
        [path] => (path, path, "rwm"),
        [path, access] if is_access(access) => (path, path, access),
        [path, target] => (path, target, "rwm"),
        [path, target, access] => (path, target, access),
        _ => return Err("PATH[:TARGET][:rwm] is needed".to_owned()),
    };
    Ok(DeviceRequest {
        path: path.to_owned(),
        target: target.to_owned(),
        access: access.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_written_as_in_docker() {
        let parts = |text: &str| {
            let DeviceRequest { path, target, access } = device(text).unwrap();
            [path, target, access]
        };
        assert_eq!(parts("/dev/fuse"), ["/dev/fuse", "/dev/fuse", "rwm"]);
        assert_eq!(parts("/dev/fuse:r"), ["/dev/fuse", "/dev/fuse", "r"]);
        assert_eq!(parts("/dev/fuse:/dev/x"), ["/dev/fuse", "/dev/x", "rwm"]);
        assert_eq!(parts("/dev/fuse:/dev/x:rw"), ["/dev/fuse", "/dev/x", "rw"]);
        assert!(device("a:b:c:d").is_err());
    }
}
