//! The name of a registry: the part of a complete reference before the first slash, and the argument of `login`.

mod grammar;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shown::shown;

pub(crate) use grammar::check_host;

/// The registry of a reference that names none.
pub(crate) const DEFAULT_REGISTRY: &str = "docker.io";

/// Other names of Docker Hub (distribution `reference/normalize.go`, `legacyDefaultDomain`; docker `registry/config.go`, `IndexHostname`).
const DOCKER_HUB_NAMES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];

/// A registry's host, perhaps with a port: `docker.io`, `localhost:5000`, `[::1]:5000`. All names of Docker Hub become `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryHost(String);

/// Why a text is not a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no registry: {reason}")]
pub struct RegistryHostError {
    /// What was given, shortened when it is very long.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl RegistryHost {
    /// The registry of an address as users and Docker's `config.json` write it. Scheme, path and a slash at the end are left out, so
    /// that `https://index.docker.io/v1/` is Docker Hub.
    ///
    /// # Errors
    /// [`RegistryHostError`] when there is no host in it.
    pub fn from_address(text: &str) -> Result<Self, RegistryHostError> {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest).parse()
    }

    /// The host and port as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RegistryHost {
    /// Docker Hub, the registry of references that name none.
    fn default() -> Self {
        Self(DEFAULT_REGISTRY.to_owned())
    }
}

impl FromStr for RegistryHost {
    type Err = RegistryHostError;

    fn from_str(text: &str) -> Result<Self, RegistryHostError> {
        check_host(text).map_err(|reason| RegistryHostError {
            text: shown(text),
            reason,
        })?;
        let lower = text.to_ascii_lowercase();
        if DOCKER_HUB_NAMES.contains(&lower.as_str()) || lower == DEFAULT_REGISTRY {
            return Ok(Self::default());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RegistryHost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RegistryHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_names_of_docker_hub_are_one_registry() {
        for text in [
            "docker.io",
            "index.docker.io",
            "https://index.docker.io/v1/",
            "registry-1.docker.io",
            "https://docker.io",
            "Docker.io",
        ] {
            assert_eq!(
                RegistryHost::from_address(text).unwrap(),
                RegistryHost::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn schemes_and_paths_are_left_out_and_ports_kept() {
        for (address, name) in [
            ("https://ghcr.io", "ghcr.io"),
            ("http://127.0.0.1:5000/v2/", "127.0.0.1:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("quay.io/user", "quay.io"),
            ("build-host", "build-host"),
        ] {
            assert_eq!(RegistryHost::from_address(address).unwrap().as_str(), name, "{address}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "https://",
            "/",
            "a b",
            "user@host",
            "host:port",
            "host:70000",
            "..",
            "[::1",
            "-x",
        ] {
            assert!(RegistryHost::from_address(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_addresses_never_panic(text in "\\PC*") {
            if let Ok(found) = RegistryHost::from_address(&text) {
                prop_assert_eq!(found.as_str().parse::<RegistryHost>().unwrap(), found.clone());
            }
        }
    }
}
