//! Where the parts of a build come from.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use container_oci::Reference;

use crate::address::{Address, WebAddress};

/// The name that a Dockerfile has unless something else is said.
pub(crate) const DEFAULT_NAME: &str = "Dockerfile";

/// The files that may be copied.
pub enum ContextSource {
    /// None.
    Empty,
    /// A directory.
    Directory(PathBuf),
    /// A tar, which may be compressed; or the Dockerfile, of a build without files.
    Stream(Box<dyn Read + Send>),
    /// A repository, or a file that is what a stream may be.
    Address(Address),
}

impl fmt::Debug for ContextSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Address(address) => f.debug_tuple("Address").field(address).finish(),
        }
    }
}

/// The Dockerfile.
pub enum DockerfileSource {
    /// A file of the context.
    InContext(String),
    /// A file of the host.
    File(PathBuf),
    /// What comes from here.
    Stream(Box<dyn Read + Send>),
    /// A file that has to be fetched.
    Address(WebAddress),
}

impl fmt::Debug for DockerfileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InContext(name) => f.debug_tuple("InContext").field(name).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Stream(_) => f.write_str("Stream"),
            Self::Address(address) => f.debug_tuple("Address").field(address).finish(),
        }
    }
}

impl Default for DockerfileSource {
    fn default() -> Self {
        Self::InContext(DEFAULT_NAME.to_owned())
    }
}

/// What a named context stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedContextSource {
    /// A directory.
    Directory(PathBuf),
    /// `docker-image://`
    Image(Reference),
    /// `oci-layout://`: an image of a layout on the disk.
    Layout {
        /// The layout's directory.
        directory: PathBuf,
        /// A tag or a digest; `latest` without it, or the only image.
        version: Option<String>,
    },
    /// A repository, or a file: then the context has this file only, which is called `context`.
    Address(Address),
}

impl NamedContextSource {
    /// As it is told to others: without logins, and without what is where on this machine.
    pub(crate) fn told(&self, name: &str) -> String {
        match self {
            Self::Directory(_) => format!("local:{name}"),
            Self::Image(reference) => format!("docker-image://{reference}"),
            Self::Layout { .. } => format!("oci-layout://{name}"),
            Self::Address(Address::Web(address)) => address.without_login(),
            Self::Address(Address::Git(address)) => address.without_login(),
        }
    }
}

/// Where a secret is.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment, whose value this is.
    Value(Vec<u8>),
}

impl SecretSource {
    /// What it is.
    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::File(path) => tokio::fs::read(path).await,
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Value(value) => write!(f, "Value({} bytes)", value.len()),
        }
    }
}
