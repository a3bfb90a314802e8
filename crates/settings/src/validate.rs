//! Checks the values that have an effect and makes the settings of them.

use std::path::PathBuf;

use container_model::{ByteSize, Resources};
use container_oci::RegistryHost;

use crate::document::{Entries, Entry, Value};
use crate::networking;
use crate::{Place, RegistryScheme, Settings, SettingsError, TemplateSettings};

/// Checks every value that has an effect and puts the settings together.
pub(crate) fn validate(entries: &Entries) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    for (key, Entry { value, place }) in entries {
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        match (key.as_slice(), value) {
            (["build", "cache-max-size"], Value::Size(size)) => settings.build.cache_max_size = *size,
            (["container", "cpus"], Value::Count(cpus)) => settings.container.cpus = Some(at_least_one(*cpus, place)?),
            (["container", "memory"], Value::Size(memory)) => settings.container.memory = enough(*memory, place)?,
            (["container", "http-proxy"], Value::Switch(on)) => settings.container.http_proxy = *on,
            ([section @ ("dns" | "network" | "proxy"), name], Value::Text(text)) => {
                networking::set(&mut settings, (section, name), text).map_err(|reason| bad(place, reason))?;
            }
            (["registry", "domain"], Value::Text(domain)) => settings.registry.domain = registry(domain, place)?,
            (["registry", "ca-files"], Value::Texts(paths)) => settings.registry.ca_files = absolute(paths, place)?,
            (["registry", "hosts", host, field], value) => {
                let settings = settings.registry.hosts.entry(registry(host, place)?).or_default();
                match (*field, value) {
                    ("mirrors", Value::Texts(mirrors)) => settings.mirrors = checked_mirrors(mirrors, place)?,
                    ("scheme", Value::Text(text)) => settings.scheme = Some(scheme(text, place)?),
                    ("ca-files", Value::Texts(paths)) => settings.ca_files = absolute(paths, place)?,
                    _ => {}
                }
            }
            (["templates", "enabled"], Value::Switch(on)) => settings.templates.enabled = *on,
            (["templates", "max-size"], Value::Size(size)) => settings.templates.max_size = worthwhile(*size, place)?,
            // One of Apple's keys that have no effect here.
            _ => {}
        }
    }
    Ok(settings)
}

fn bad(place: &Place, reason: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        place: place.clone(),
        reason: reason.into(),
    }
}

fn at_least_one(cpus: u32, place: &Place) -> Result<u32, SettingsError> {
    (cpus > 0)
        .then_some(cpus)
        .ok_or_else(|| bad(place, "at least one CPU is needed"))
}

fn enough(memory: ByteSize, place: &Place) -> Result<ByteSize, SettingsError> {
    let floor = ByteSize(Resources::MINIMUM_MEMORY_BYTES);
    (memory >= floor)
        .then_some(memory)
        .ok_or_else(|| bad(place, format!("{memory} is too little: at least {floor} is needed")))
}

fn worthwhile(size: ByteSize, place: &Place) -> Result<ByteSize, SettingsError> {
    let floor = TemplateSettings::MINIMUM_SIZE;
    let reason = || {
        format!("{size} is too little: at least {floor} is needed; templates.enabled = false does without templates")
    };
    (size >= floor).then_some(size).ok_or_else(|| bad(place, reason()))
}

fn registry(text: &str, place: &Place) -> Result<RegistryHost, SettingsError> {
    text.parse().map_err(|error| bad(place, format!("{error}")))
}

fn scheme(text: &str, place: &Place) -> Result<RegistryScheme, SettingsError> {
    match text {
        "auto" => Ok(RegistryScheme::Auto),
        "http" => Ok(RegistryScheme::Http),
        "https" => Ok(RegistryScheme::Https),
        _ => Err(bad(place, format!("{text:?} is no scheme; use http, https or auto"))),
    }
}

fn absolute(paths: &[String], place: &Place) -> Result<Vec<PathBuf>, SettingsError> {
    paths
        .iter()
        .map(|path| match PathBuf::from(path) {
            path if path.is_absolute() => Ok(path),
            path => Err(bad(place, format!("{} is not an absolute path", path.display()))),
        })
        .collect()
}

fn checked_mirrors(mirrors: &[String], place: &Place) -> Result<Vec<String>, SettingsError> {
    for mirror in mirrors {
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| mirror.strip_prefix(scheme))
            .unwrap_or(mirror);
        let host = host.strip_suffix('/').unwrap_or(host);
        host.parse::<RegistryHost>()
            .map_err(|error| bad(place, format!("mirror {mirror:?}: {error}")))?;
    }
    Ok(mirrors.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;
    use std::path::Path;

    fn checked(text: &str) -> Result<Settings, String> {
        let entries = document::parse(Path::new("/c.toml"), text).unwrap();
        validate(&entries).map_err(|error| error.to_string())
    }

    #[test]
    fn values_that_are_not_allowed_are_refused_with_their_place() {
        for (text, reason) in [
            ("container.cpus = 0", "at least one CPU is needed"),
            (
                "container.memory = \"1m\"",
                "1mb is too little: at least 200mb is needed",
            ),
            ("registry.domain = \"a b\"", "is no registry"),
            ("registry.ca-files = [\"x.pem\"]", "x.pem is not an absolute path"),
            ("registry.hosts.\"docker.io\".scheme = \"ftp\"", "\"ftp\" is no scheme"),
            ("registry.hosts.x.mirrors = [\"ftp://x\"]", "mirror \"ftp://x\""),
            ("registry.hosts.x.mirrors = [\"x/path\"]", "mirror \"x/path\""),
            ("dns.domain = \"a b\"", "invalid name \"a b\""),
            ("network.subnet = \"10.0.0.0\"", "\"10.0.0.0\" is no IPv4 subnet"),
            ("network.subnetv6 = \"10.0.0.0/8\"", "is no IPv6 subnet"),
            ("proxy.http = \"a\\nb\"", "white space"),
            ("registry.hosts.\"a/b\".scheme = \"http\"", "is no registry"),
            (
                "templates.max-size = \"10m\"",
                "10mb is too little: at least 256mb is needed; templates.enabled = false",
            ),
        ] {
            let error = checked(text).unwrap_err();
            assert!(
                error.contains(reason) && error.contains("/c.toml, line 1"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn mirrors_are_hosts_with_or_without_a_scheme() {
        let settings =
            checked("registry.hosts.x.mirrors = [\"mirror.example\", \"http://127.0.0.1:5000\", \"https://[::1]:1/\"]")
                .unwrap();
        assert_eq!(settings.registry.hosts[&"x".parse().unwrap()].mirrors.len(), 3);
    }
}
