//! Where the program is installed, and with it kernels and initial RAM file systems.

use std::path::{Path, PathBuf};

use container_hypervisor::{GuestArchitecture, find_kernel};
use container_state::PathsError;

/// Variable that names the directory the program is installed in, e.g. `/usr/local`.
const INSTALL_ROOT_VARIABLE: &str = "CONTAINER_INSTALL_ROOT";

/// Directory of kernels and initial RAM file systems below the install root.
const ASSETS: &str = "share/container";

/// Refuses a relative install root: the working directory of launchers is another one.
///
/// # Errors
/// [`PathsError::Relative`].
pub(crate) fn check_install_root() -> Result<(), PathsError> {
    check_absolute(named_install_root())
}

/// The install root that the environment names; an empty value names none.
fn named_install_root() -> Option<PathBuf> {
    std::env::var_os(INSTALL_ROOT_VARIABLE)
        .filter(|root| !root.is_empty())
        .map(PathBuf::from)
}

fn check_absolute(root: Option<PathBuf>) -> Result<(), PathsError> {
    match root {
        Some(path) if path.is_relative() => Err(PathsError::Relative {
            variable: INSTALL_ROOT_VARIABLE,
            path,
        }),
        _ => Ok(()),
    }
}

/// The directory the program is installed in: the parent of the directory of the running binary, unless the environment names it.
pub(crate) fn install_root() -> PathBuf {
    if let Some(root) = named_install_root() {
        return root;
    }
    let program = std::env::current_exe().unwrap_or_default();
    program
        .parent()
        .and_then(Path::parent)
        .map_or_else(|| PathBuf::from("/usr/local"), Path::to_owned)
}

/// Where kernels and initial RAM file systems are looked for, first match wins.
pub(crate) fn asset_directories(app_root: &Path) -> Vec<PathBuf> {
    vec![install_root().join(ASSETS), app_root.join("kernels")]
}

/// The initial RAM file system for guests of an architecture: the first that exists, else the place where it should be.
pub(crate) fn initramfs(app_root: &Path, architecture: GuestArchitecture) -> PathBuf {
    let name = format!("initramfs-{}.cpio", architecture.machine_name());
    find_kernel(&asset_directories(app_root), &[name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_root_that_depends_on_where_the_user_stands_is_refused() {
        assert!(check_absolute(None).is_ok() && check_absolute(Some("/usr/local".into())).is_ok());
        for relative in ["target/dist", "."] {
            let error = check_absolute(Some(relative.into())).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("CONTAINER_INSTALL_ROOT must be an absolute path"),
                "{error}"
            );
        }
    }
}
