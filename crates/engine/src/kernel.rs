//! The kernel that machines boot: the one shipped with the program, or one that the user has set.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use container_hypervisor::KernelFormat;

use crate::{Engine, KernelError};

/// Name of the link to the kernel that the user has set, as in Apple's tool, with the architecture in OCI terms after it.
const DEFAULT_LINK_PREFIX: &str = "default.kernel-";

/// What is said of another file.
const NO_KERNEL: &str = "neither an ELF vmlinux nor an uncompressed arm64 Image nor a bzImage";

/// Where the kernel in use comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelInfo {
    /// The image.
    pub path: PathBuf,
    /// Whether the user has set it.
    pub set_by_user: bool,
}

impl Engine {
    /// Makes a kernel image the default of all machines: it is copied, so the original may go.
    ///
    /// # Errors
    /// [`KernelError::Install`] when the file cannot be read, is no bootable kernel, or exists already and `force` is not set.
    pub fn set_kernel(&self, source: &Path, architecture: &str, force: bool) -> Result<KernelInfo, KernelError> {
        let failed = |source_error| KernelError::Install {
            path: source.to_owned(),
            source: source_error,
        };
        let bytes = fs::read(source).map_err(failed)?;
        if KernelFormat::of(&bytes).is_none() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, NO_KERNEL)));
        }
        let name = source.file_name().unwrap_or_else(|| "vmlinux".as_ref());
        let kernels = self.kernels();
        fs::create_dir_all(&kernels).map_err(failed)?;
        let target = kernels.join(name);
        if target.exists() && !force && fs::read(&target).map_err(failed)? != bytes {
            let reason = format!("{} exists with other contents; --force replaces it", target.display());
            return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, reason)));
        }
        container_durable::replace(&target, &bytes).map_err(|error| failed(io::Error::other(error)))?;
        let link = self.kernel_link(architecture);
        let fresh = kernels.join(format!(".{DEFAULT_LINK_PREFIX}{}", uuid::Uuid::new_v4()));
        std::os::unix::fs::symlink(name, &fresh).map_err(failed)?;
        fs::rename(&fresh, &link).map_err(failed)?;
        Ok(KernelInfo {
            path: target,
            set_by_user: true,
        })
    }

    /// Goes back to the kernel that is shipped with the program.
    ///
    /// # Errors
    /// [`KernelError::Install`].
    pub fn unset_kernel(&self, architecture: &str) -> Result<(), KernelError> {
        let link = self.kernel_link(architecture);
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KernelError::Install {
                path: link,
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// The kernel that the user has set for an architecture.
    #[must_use]
    pub fn user_kernel(&self, architecture: &str) -> Option<PathBuf> {
        set_by_user(self.paths.root(), architecture)
    }

    fn kernels(&self) -> PathBuf {
        kernels(self.paths.root())
    }

    fn kernel_link(&self, architecture: &str) -> PathBuf {
        kernel_link(self.paths.root(), architecture)
    }
}

/// The kernel that the user of an app root has set for an architecture.
pub(crate) fn set_by_user(app_root: &Path, architecture: &str) -> Option<PathBuf> {
    let name = fs::read_link(kernel_link(app_root, architecture)).ok()?;
    Some(kernels(app_root).join(name))
}

fn kernels(app_root: &Path) -> PathBuf {
    app_root.join("kernels")
}

fn kernel_link(app_root: &Path, architecture: &str) -> PathBuf {
    kernels(app_root).join(format!("{DEFAULT_LINK_PREFIX}{architecture}"))
}

/// The absolute path of a kernel image that a user names for one container: machines are started elsewhere and later.
///
/// # Errors
/// [`KernelError::Unusable`] when it cannot be read or is no bootable kernel.
pub(crate) fn usable_kernel(path: &Path) -> Result<PathBuf, KernelError> {
    let failed = |source: io::Error| KernelError::Unusable {
        path: path.to_owned(),
        reason: match source.kind() {
            io::ErrorKind::NotFound => "file not found".to_owned(),
            _ => source.to_string(),
        },
    };
    if KernelFormat::read(path).map_err(failed)?.is_none() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, NO_KERNEL)));
    }
    std::path::absolute(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_named_by_a_relative_path_is_found_from_elsewhere() {
        let here = std::env::current_dir().unwrap();
        let directory = tempfile::tempdir_in(&here).unwrap();
        let relative = directory.path().strip_prefix(&here).unwrap().join("vmlinux");
        fs::write(&relative, b"\x7fELF\x02").unwrap();
        assert_eq!(usable_kernel(&relative).unwrap(), directory.path().join("vmlinux"));
    }

    #[test]
    fn a_kernel_that_cannot_be_used_is_refused_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vmlinux");
        let refusal = || usable_kernel(&path).unwrap_err().to_string();
        assert!(refusal().ends_with("vmlinux: file not found"), "{}", refusal());
        fs::write(&path, b"#!/bin/sh").unwrap();
        assert!(refusal().ends_with(NO_KERNEL), "{}", refusal());
    }
}
