//! Where the settings files are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file's path below each configuration directory.
const FILE: &str = "container/config.toml";

/// The settings files of this user and of the program installed in `install_root`, in the order in which they win. They need not exist.
#[must_use]
pub fn files(install_root: &Path) -> Vec<PathBuf> {
    from_variables(install_root, |name| env::var_os(name))
}

fn from_variables(install_root: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    // A relative directory is to be ignored (XDG Base Directory Specification, "Environment variables").
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let user = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    user.into_iter()
        .chain([install_root.join("etc")])
        .map(|directory| directory.join(FILE))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let paths = from_variables(Path::new("/opt"), lookup);
        paths.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_users_file_comes_before_the_installations() {
        let installed = "/opt/etc/container/config.toml";
        assert_eq!(
            found(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]),
            ["/c/container/config.toml", installed]
        );
        assert_eq!(
            found(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]),
            ["/h/.config/container/config.toml", installed]
        );
        assert_eq!(found(&[]), [installed]);
    }
}
