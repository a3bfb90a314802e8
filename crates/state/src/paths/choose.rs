//! Which directories the environment asks for.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{AppPaths, DIRECTORY_NAME, PathsError, SOCKET_NAME_BYTES};
use crate::platform::Platform;

/// Where sockets go whose path in the app root would be too long. Not `$TMPDIR`: on macOS the system empties it of what was not used
/// for days, and a cron job or another login may see another one.
const PUBLIC_DIRECTORY: &str = "/tmp";

impl AppPaths {
    /// The directories that the environment asks for: the app root is `$CONTAINER_APP_ROOT`, else the platform's place for
    /// application data; the runtime directory is `$XDG_RUNTIME_DIR/container`, else `run` in the app root, else, when a
    /// socket's path would be too long there, `/tmp/container-<uid>`.
    ///
    /// # Errors
    /// [`PathsError::NoHome`] and [`PathsError::Relative`].
    pub fn from_environment() -> Result<Self, PathsError> {
        let uid = rustix::process::geteuid().as_raw();
        Self::choose(Platform::CURRENT, uid, |name| {
            env::var_os(name).filter(|value| !value.is_empty())
        })
    }

    fn choose(platform: Platform, uid: u32, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, PathsError> {
        let absolute = |name: &'static str| match variable(name).map(PathBuf::from) {
            Some(path) if path.is_relative() => Err(PathsError::Relative { variable: name, path }),
            other => Ok(other),
        };
        let home = || absolute("HOME")?.ok_or(PathsError::NoHome);
        let root = match (absolute("CONTAINER_APP_ROOT")?, platform) {
            (Some(root), _) => root,
            (None, Platform::Macos) => home()?.join("Library/Application Support").join(DIRECTORY_NAME),
            (None, Platform::Linux) => match absolute("XDG_DATA_HOME")? {
                Some(data) => data.join(DIRECTORY_NAME),
                None => home()?.join(".local/share").join(DIRECTORY_NAME),
            },
        };
        if let Some(runtime) = absolute("XDG_RUNTIME_DIR")? {
            return Ok(Self::new(root, runtime.join(DIRECTORY_NAME)));
        }
        let runtime = root.join("run");
        if runtime.as_os_str().len() + SOCKET_NAME_BYTES <= platform.socket_path_max_bytes() {
            return Ok(Self::new(root, runtime));
        }
        Ok(Self {
            root,
            runtime: Path::new(PUBLIC_DIRECTORY).join(format!("{DIRECTORY_NAME}-{uid}")),
            runtime_is_public: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ContainerId;

    const UID: u32 = 501;

    fn paths(platform: Platform, variables: &[(&str, &str)]) -> Result<AppPaths, PathsError> {
        AppPaths::choose(platform, UID, |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn app_root_wins_over_home() {
        for platform in [Platform::Linux, Platform::Macos] {
            let variables = [("CONTAINER_APP_ROOT", "/a"), ("HOME", "/h"), ("XDG_DATA_HOME", "/d")];
            assert_eq!(paths(platform, &variables).unwrap(), AppPaths::new("/a", "/a/run"));
            assert!(matches!(paths(platform, &[]), Err(PathsError::NoHome)));
        }
    }

    #[test]
    fn linux_follows_the_base_directories() {
        let found = paths(Platform::Linux, &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/user/1")]).unwrap();
        assert_eq!(
            found,
            AppPaths::new("/h/.local/share/container", "/run/user/1/container")
        );
        let found = paths(Platform::Linux, &[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]).unwrap();
        assert_eq!(found, AppPaths::new("/d/container", "/d/container/run"));
    }

    #[test]
    fn a_mac_keeps_containers_with_the_users_application_data() {
        let root = "/Users/ada/Library/Application Support/container";
        let found = paths(Platform::Macos, &[("HOME", "/Users/ada"), ("XDG_DATA_HOME", "/d")]).unwrap();
        assert_eq!(found, AppPaths::new(root, format!("{root}/run")));
    }

    #[test]
    fn sockets_have_a_short_path_whatever_the_users_name() {
        let id: ContainerId = "x".repeat(63).parse().unwrap();
        for (platform, most) in [(Platform::Linux, 107), (Platform::Macos, 103)] {
            for length in 1..200 {
                let home = format!("/Users/{}", "n".repeat(length));
                let found = paths(platform, &[("HOME", &home)]).unwrap();
                let in_root = found.runtime() == found.root().join("run");
                let path = found.control_socket(&id).unwrap();
                assert!(path.as_os_str().len() <= most, "{}", path.display());
                assert_eq!(in_root, !found.runtime_is_public);
                let length_in_root = found.root().as_os_str().len() + "/run/0123456789abcdef.sock".len();
                assert_eq!(in_root, length_in_root <= most, "moved only where it has to be");
            }
        }
        let deep = format!("/{}", "d".repeat(100));
        let found = paths(Platform::Macos, &[("CONTAINER_APP_ROOT", &deep)]).unwrap();
        assert_eq!(found.runtime(), Path::new("/tmp/container-501"));
        // What the user asks for is not replaced.
        let found = paths(Platform::Macos, &[("HOME", "/h"), ("XDG_RUNTIME_DIR", &deep)]).unwrap();
        let error = found.control_socket(&id).unwrap_err().to_string();
        assert!(error.contains("XDG_RUNTIME_DIR"), "{error}");
    }

    #[test]
    fn app_roots_that_share_a_public_place_have_sockets_of_their_own() {
        let id: ContainerId = "web".parse().unwrap();
        let [one, other] = ["a", "b"].map(|name| {
            let root = format!("/{}", name.repeat(120));
            paths(Platform::CURRENT, &[("CONTAINER_APP_ROOT", &root)]).unwrap()
        });
        assert_eq!(one.runtime(), other.runtime());
        assert_ne!(one.control_socket(&id).unwrap(), other.control_socket(&id).unwrap());
    }

    #[test]
    fn relative_directories_are_refused() {
        assert!(matches!(
            paths(Platform::CURRENT, &[("CONTAINER_APP_ROOT", "a")]),
            Err(PathsError::Relative { .. })
        ));
    }
}
