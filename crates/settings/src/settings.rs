//! The settings themselves, with their defaults.

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_model::{ByteSize, Resources};
use container_oci::RegistryHost;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Serialize, Serializer};

/// The settings that are in effect. Serialised, they have the shape and the names of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// `[build]`: what builds keep.
    pub build: BuildSettings,
    /// `[container]`: what `run` and `create` do without flags.
    pub container: ContainerSettings,
    /// `[dns]`: names in new containers.
    #[serde(skip_serializing_if = "DnsSettings::is_empty")]
    pub dns: DnsSettings,
    /// `[network]`: the network of containers that ask for none in particular.
    #[serde(skip_serializing_if = "NetworkSettings::is_empty")]
    pub network: NetworkSettings,
    /// `[proxy]`: what new containers reach the web through.
    #[serde(skip_serializing_if = "ProxySettings::is_empty")]
    pub proxy: ProxySettings,
    /// `[registry]`: how to talk to registries.
    pub registry: RegistrySettings,
    /// `[templates]`: saved machines that containers start from.
    pub templates: TemplateSettings,
}

/// What builds keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildSettings {
    /// What builds may keep on the disk for later ones, without what images need as well.
    #[serde(serialize_with = "size")]
    pub cache_max_size: ByteSize,
}

/// What builds may keep where no file says it.
const DEFAULT_CACHE_SIZE: ByteSize = ByteSize(20 << 30);

impl Default for BuildSettings {
    fn default() -> Self {
        Self {
            cache_max_size: DEFAULT_CACHE_SIZE,
        }
    }
}

/// Defaults of new containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ContainerSettings {
    /// Virtual processors; `None` leaves the number to the hypervisor, because under emulation each further one costs start-up time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Memory.
    #[serde(serialize_with = "size")]
    pub memory: ByteSize,
    /// Whether containers get the proxies of the environment of the command that makes them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub http_proxy: bool,
}

/// Memory of a container for which neither a flag nor a file names one.
const DEFAULT_MEMORY: ByteSize = ByteSize(Resources::DEFAULT_MEMORY_BYTES);

/// Names in new containers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DnsSettings {
    /// The domain in which short names are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// The network of containers that ask for none in particular, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkSettings {
    /// Its IPv4 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Ipv4Net>,
    /// Its IPv6 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnetv6: Option<Ipv6Net>,
}

/// What containers reach the web through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProxySettings {
    /// `http_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// `https_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// `all_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<String>,
    /// `no_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
}

impl DnsSettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl NetworkSettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ProxySettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How to talk to registries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RegistrySettings {
    /// The registry of image names that name none; Docker Hub by default.
    pub domain: RegistryHost,
    /// PEM files with certificate authorities that are trusted for all registries, besides those of the system.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<PathBuf>,
    /// Settings of single registries, by their names in references.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<RegistryHost, HostSettings>,
}

/// How to talk to one registry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostSettings {
    /// Mirrors that a pull asks before the registry itself, in this order: each a host, or an `http://` or `https://` URL without a
    /// path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// http or https, where the command line does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<RegistryScheme>,
    /// PEM files with certificate authorities that are trusted for this registry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<PathBuf>,
}

/// `scheme` of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryScheme {
    /// Plain http for this machine and for private IPv4 addresses, else https.
    Auto,
    /// Plain http.
    Http,
    /// https.
    Https,
}

/// Saved machines that containers start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TemplateSettings {
    /// Whether containers start from them, and new ones are made.
    pub enabled: bool,
    /// What all of them may take on the disk.
    #[serde(serialize_with = "size")]
    pub max_size: ByteSize,
}

/// What templates may take on the disk where no file says it.
const DEFAULT_TEMPLATES_SIZE: ByteSize = ByteSize(4 << 30);

impl TemplateSettings {
    /// The least that templates can be allowed to take: less is about as much as one takes.
    pub const MINIMUM_SIZE: ByteSize = ByteSize(256 << 20);
}

impl Default for TemplateSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_size: DEFAULT_TEMPLATES_SIZE,
        }
    }
}

impl Default for ContainerSettings {
    fn default() -> Self {
        Self {
            cpus: None,
            memory: DEFAULT_MEMORY,
            http_proxy: false,
        }
    }
}

fn size<S: Serializer>(size: &ByteSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(size)
}
