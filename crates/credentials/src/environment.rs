//! Environment variables about credentials.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use container_oci::RegistryHost;
use container_registry::{Credential, Secret};

/// The registry that the two other variables are for. The three names are those of Apple's tool.
const HOST_VARIABLE: &str = "CONTAINER_REGISTRY_HOST";
/// User name.
const USER_VARIABLE: &str = "CONTAINER_REGISTRY_USER";
/// Password or token.
const TOKEN_VARIABLE: &str = "CONTAINER_REGISTRY_TOKEN";

/// The environment variables about credentials. Empty variables count as missing.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The registry for which the environment has a credential, and the credential.
    pub credential: Option<(RegistryHost, Credential)>,
    /// Directory of Docker's `config.json`.
    pub docker_config: Option<PathBuf>,
    /// Podman's `auth.json`.
    pub podman_auth: Option<PathBuf>,
    /// `PATH`, in which helpers are looked for.
    pub search_path: OsString,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
        let path = |name: &str| variable(name).map(PathBuf::from);
        Self {
            credential: credential(text(HOST_VARIABLE), text(USER_VARIABLE), text(TOKEN_VARIABLE)),
            docker_config: path("DOCKER_CONFIG").or_else(|| Some(path("HOME")?.join(".docker"))),
            // containers-auth.json(5), "FORMAT".
            podman_auth: path("REGISTRY_AUTH_FILE")
                .or_else(|| Some(path("XDG_RUNTIME_DIR")?.join("containers/auth.json"))),
            search_path: variable("PATH").unwrap_or_default(),
        }
    }
}

fn credential(
    host: Option<String>,
    username: Option<String>,
    token: Option<String>,
) -> Option<(RegistryHost, Credential)> {
    let (host, username, token) = (host?, username?, token?);
    let host = match RegistryHost::from_address(&host) {
        Ok(host) => host,
        Err(error) => {
            tracing::warn!("ignoring {HOST_VARIABLE}: {error}");
            return None;
        }
    };
    let password = Secret::new(token);
    Some((host, Credential::Password { username, password }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn all_three_variables_are_needed() {
        let full = [
            (HOST_VARIABLE, "https://index.docker.io/v1/"),
            (USER_VARIABLE, "ann"),
            (TOKEN_VARIABLE, "t"),
        ];
        let (host, credential) = environment(&full).credential.unwrap();
        assert_eq!(host.as_str(), "docker.io");
        let password = Secret::new("t");
        let username = "ann".to_owned();
        assert_eq!(credential, Credential::Password { username, password });
        for missing in 0..3 {
            let mut some = full.to_vec();
            some.remove(missing);
            assert!(environment(&some).credential.is_none());
        }
        assert!(
            environment(&[(HOST_VARIABLE, "a b"), full[1], full[2]])
                .credential
                .is_none()
        );
    }

    #[test]
    fn files_are_where_docker_and_podman_have_them() {
        let home = environment(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]);
        assert_eq!(home.docker_config, Some("/h/.docker".into()));
        assert_eq!(home.podman_auth, Some("/r/containers/auth.json".into()));
        let set = environment(&[("HOME", "/h"), ("DOCKER_CONFIG", "/d"), ("REGISTRY_AUTH_FILE", "/a")]);
        assert_eq!(
            (set.docker_config, set.podman_auth),
            (Some("/d".into()), Some("/a".into()))
        );
    }
}
