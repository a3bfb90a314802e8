//! Values of the flags of `build`.

mod annotation;
mod attest;
mod attributes;
mod cache;
mod output;

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use container_build::{Address, NamedContextSource, SecretSource};
use container_oci::Digest;

use crate::arguments::fields;

pub(super) use annotation::AnnotationFlag;
pub(super) use attest::{AttestFlag, ProvenanceFlag, SbomFlag, attestations};
pub(super) use cache::{CacheFromFlag, CacheToFlag};
pub(super) use output::{OutputFlag, outputs};

/// What an image's name is preceded by as a named context.
const IMAGE_SCHEME: &str = "docker-image://";
/// What the directory of an OCI layout is preceded by.
const LAYOUT_SCHEME: &str = "oci-layout://";

/// `NAME=VALUE`, or `NAME` for the value that the environment has.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    name: String,
    value: Option<String>,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, std::env::var(text).ok()),
        };
        match name.is_empty() {
            true => Err("a name is needed: NAME=VALUE".to_owned()),
            false => Ok(Self {
                name: name.to_owned(),
                value,
            }),
        }
    }
}

impl Variable {
    /// Name and value; `None` where the environment has none.
    pub(super) fn into_pair(self) -> Option<(String, String)> {
        Some((self.name, self.value?))
    }
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressMode {
    /// What fits where it goes
    Auto,
    /// Lines
    Plain,
    /// For a terminal
    Tty,
    /// None
    Quiet,
    /// For programs, as BuildKit's
    Rawjson,
}

/// What is done with a Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Call {
    /// It is built
    Build,
    /// It is checked
    Check,
}

/// The network of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NetworkMode {
    /// The default network
    Default,
    /// Loopback only
    None,
    /// As default: a machine has no network of its host
    Host,
}

/// `id=ID[,src=PATH|,env=NAME]`
#[derive(Debug, Clone)]
pub(super) struct SecretFlag {
    id: String,
    source: SecretSource,
}

impl FromStr for SecretFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut id, mut path, mut variable) = (None, None, None);
        for field in fields::split(text)? {
            let (key, value) = field.split_once('=').ok_or(format!("{field:?} is no KEY=VALUE"))?;
            match key {
                "id" => id = Some(value.to_owned()),
                "src" | "source" => path = Some(PathBuf::from(value)),
                "env" => variable = Some(value.to_owned()),
                "type" if matches!(value, "file" | "env") => {}
                key => return Err(format!("{key:?} is not one of id, src, env and type")),
            }
        }
        let id = id.filter(|id| !id.is_empty()).ok_or("an id is needed: id=ID")?;
        let from_environment = |name: &str| {
            std::env::var(name)
                .ok()
                .map(|value| SecretSource::Value(value.into_bytes()))
        };
        let source = match (path, variable) {
            (Some(path), _) => SecretSource::File(path),
            (None, Some(name)) => from_environment(&name).ok_or(format!("the environment has no variable {name}"))?,
            (None, None) => from_environment(&id).unwrap_or_else(|| SecretSource::File(PathBuf::from(&id))),
        };
        Ok(Self { id, source })
    }
}

impl SecretFlag {
    pub(super) fn into_pair(self) -> (String, SecretSource) {
        (self.id, self.source)
    }
}

/// `NAME=SOURCE`: a directory, an address, or `docker-image://IMAGE`
#[derive(Debug, Clone)]
pub(super) struct NamedContext {
    name: String,
    source: NamedContextSource,
}

impl FromStr for NamedContext {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, source) = text
            .split_once('=')
            .ok_or("a name and a source are needed: NAME=SOURCE")?;
        let source = named_source(source)?;
        Ok(Self {
            name: name.to_owned(),
            source,
        })
    }
}

fn named_source(source: &str) -> Result<NamedContextSource, String> {
    if let Some(image) = source.strip_prefix(IMAGE_SCHEME) {
        let image = image.parse().map_err(|error| format!("{error}"))?;
        return Ok(NamedContextSource::Image(image));
    }
    if let Some(address) = Address::parse(source).map_err(|error| error.to_string())? {
        return Ok(NamedContextSource::Address(address));
    }
    if let Some(layout) = source.strip_prefix(LAYOUT_SCHEME) {
        return Ok(layout_source(layout));
    }
    match source.contains("://") {
        true => Err(format!(
            "{source:?} is none of a directory, an address (http, https, git, ssh), {IMAGE_SCHEME} and {LAYOUT_SCHEME}"
        )),
        false => Ok(NamedContextSource::Directory(PathBuf::from(source))),
    }
}

/// `DIR[:TAG][@DIGEST]`; a digest tells more than a tag.
fn layout_source(text: &str) -> NamedContextSource {
    let (path, digest) = match text.rsplit_once('@') {
        Some((path, digest)) if digest.parse::<Digest>().is_ok() => (path, Some(digest)),
        _ => (text, None),
    };
    let (path, tag) = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (path, None),
    };
    NamedContextSource::Layout {
        directory: PathBuf::from(path),
        version: digest.or(tag).map(str::to_owned),
    }
}

impl NamedContext {
    pub(super) fn into_pair(self) -> (String, NamedContextSource) {
        (self.name, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_contexts_are_directories_images_layouts_and_addresses() {
        let source = |text: &str| text.parse::<NamedContext>().map(|context| context.into_pair().1);
        assert_eq!(source("a=dir"), Ok(NamedContextSource::Directory("dir".into())));
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, directory, version) in [
            ("/l", "/l", None),
            ("/l:1.0", "/l", Some("1.0")),
            ("/l:5/x", "/l:5/x", None),
            (&format!("l@{digest}"), "l", Some(digest.as_str())),
            (&format!("l:1@{digest}"), "l", Some(&digest)),
        ] {
            let expected = NamedContextSource::Layout {
                directory: directory.into(),
                version: version.map(str::to_owned),
            };
            assert_eq!(source(&format!("a=oci-layout://{text}")), Ok(expected), "{text}");
        }
        for (text, is_git) in [
            ("https://h/a.git#v1", true),
            ("git@h:a", true),
            ("https://h/a.tar", false),
        ] {
            let found = source(&format!("a={text}"));
            let Ok(NamedContextSource::Address(address)) = found else {
                panic!("{found:?}");
            };
            assert_eq!(matches!(address, Address::Git(_)), is_git, "{text}");
        }
        for text in ["a", "a=ftp://h/x", "a=https://h/a.git?x=y"] {
            assert!(source(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_come_from_files_or_the_environment() {
        let secret: SecretFlag = "id=token,src=/t".parse().unwrap();
        assert_eq!(
            secret.into_pair(),
            ("token".to_owned(), SecretSource::File("/t".into()))
        );
        for text in ["src=/t", "id=", "id=a,what=b", "id=a,env=NO_SUCH_VARIABLE_HERE"] {
            assert!(text.parse::<SecretFlag>().is_err(), "{text}");
        }
    }
}
